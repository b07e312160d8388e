// SPDX-License-Identifier: BSL-1.0
#include "disk_requests.hpp"

#include <exception>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace {

// Clients come back for results, but not for ever.
constexpr std::size_t most_tasks_kept = 1000;

std::string message_of(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    }
}

json describe(const vmtask::vhd::compact_report& report)
{
    return {{"blocks_scanned", report.blocks_scanned},
            {"blocks_freed", report.blocks_freed},
            {"blocks_moved", report.blocks_moved},
            {"file_size_before", report.file_size_before},
            {"file_size_after", report.file_size_after}};
}

/// Of a queued task, those on the same disk that come first.
json predecessors_of(const compaction& task)
{
    const vmtask::obstacle met = task.obstacle();
    std::vector<std::uint64_t> ids;
    if (met.kind == vmtask::obstacle_kind::resource)
        for (const vmtask::task_handle& earlier : met.tasks) ids.push_back(earlier.id());
    return ids;
}

} // namespace

json parse_request(std::string_view line)
{
    json request = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!request.is_object()) throw std::runtime_error("the line is no JSON object");
    return request;
}

std::string text_member(const json& request, const char* name)
{
    const auto member = request.find(name);
    if (member == request.end() || !member->is_string())
        throw std::runtime_error("\"" + std::string(name) + "\" has to be a text");
    return member->get<std::string>();
}

std::uint64_t number_member(const json& request, const char* name)
{
    const auto member = request.find(name);
    if (member == request.end() || !member->is_number_unsigned())
        throw std::runtime_error("\"" + std::string(name) + "\" has to be a whole number, 0 or more");
    return member->get<std::uint64_t>();
}

json describe(const compaction& task)
{
    const vmtask::task_state state = task.state();
    const vmtask::progress_snapshot progress = task.progress();
    json description = {{"task", task.id()},         {"description", task.description()},
                        {"state", to_string(state)}, {"percent", task.percent_completed()},
                        {"done", progress.done},     {"total", progress.total},
                        {"unit", progress.unit},     {"step", progress.step}};
    if (json earlier = predecessors_of(task); !earlier.empty()) description["waits_for"] = std::move(earlier);
    if (state == vmtask::task_state::succeeded) description["report"] = describe(task.result());
    if (state == vmtask::task_state::failed) description["failure"] = message_of(task.exception());
    return description;
}

json disk_requests::answer(const json& request)
{
    const std::string wanted = text_member(request, "request");
    if (wanted == "compact") return compact(request);
    if (wanted == "list") return list();
    if (wanted == "query") return describe(find(request));
    if (wanted == "cancel") return cancel(request);
    throw std::runtime_error("there is no request \"" + wanted + "\"; there are compact, list, query, wait and cancel");
}

const compaction& disk_requests::find(const json& request) const
{
    const std::uint64_t id = number_member(request, "task");
    const auto found = tasks_.find(id);
    if (found == tasks_.end()) throw std::runtime_error("there is no task " + std::to_string(id));
    return found->second;
}

std::vector<compaction> disk_requests::stop()
{
    stopping_ = true;
    std::vector<compaction> tasks;
    for (const auto& [id, task] : tasks_) {
        task.request_cancel();
        tasks.push_back(task);
    }
    return tasks;
}

json disk_requests::compact(const json& request)
{
    if (stopping_) throw std::runtime_error("the service is stopping");
    const std::filesystem::path disk = text_member(request, "disk");
    if (!disk.is_absolute()) throw std::runtime_error("\"disk\" has to be an absolute path");
    forget_old_tasks();

    const compaction task = vmtask::vhd::compact(engine_, disk);
    tasks_.emplace(task.id(), task);
    return describe(task);
}

json disk_requests::list() const
{
    json tasks = json::array();
    for (const auto& [id, task] : tasks_) tasks.push_back(describe(task));
    return {{"tasks", tasks}};
}

json disk_requests::cancel(const json& request) const
{
    const compaction& task = find(request);
    if (const std::error_code refused = task.request_cancel()) throw std::system_error(refused);
    return describe(task);
}

/// Makes room for one more; those that have not ended stay.
void disk_requests::forget_old_tasks()
{
    for (auto oldest = tasks_.begin(); oldest != tasks_.end() && tasks_.size() >= most_tasks_kept;)
        oldest = oldest->second.is_complete() ? tasks_.erase(oldest) : std::next(oldest);
}
