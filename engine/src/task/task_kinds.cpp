// SPDX-License-Identifier: BSL-1.0
#include <vmtask/task_kinds.hpp>

#include <vmtask/error.hpp>

#include <system_error>
#include <utility>

namespace vmtask {

void task_kinds::add(std::string kind, factory makes)
{
    if (kind.empty() || !makes) throw std::system_error(errc::bad_options, "task_kinds::add");
    if (contains(kind)) throw std::system_error(errc::kind_taken, kind);
    factories_.emplace(std::move(kind), std::move(makes));
}

bool task_kinds::contains(std::string_view kind) const noexcept
{
    return factories_.find(kind) != factories_.end();
}

std::vector<std::string> task_kinds::names() const
{
    std::vector<std::string> all;
    for (const auto& [kind, makes] : factories_) all.push_back(kind);
    return all;
}

task_handle task_kinds::make(engine& where, std::string_view kind, std::string parameters, task_options options) const
{
    const auto found = factories_.find(kind);
    if (found == factories_.end()) throw std::system_error(errc::unknown_kind, std::string(kind));
    options.kind = kind;
    options.parameters = parameters;
    return found->second(where, parameters, std::move(options));
}

} // namespace vmtask
