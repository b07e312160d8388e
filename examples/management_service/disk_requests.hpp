// SPDX-License-Identifier: BSL-1.0
//
// What the clients of the service may ask for, in terms of JSON and tasks. Knows
// nothing of sockets.

#pragma once

#include <vmtask/engine.hpp>
#include <vmtask/vhd/compact.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using json = nlohmann::ordered_json; // answers begin with the id
using compaction = vmtask::task<vmtask::vhd::compact_report>;

/// The JSON object in the line. Throws std::runtime_error when it holds none.
json parse_request(std::string_view line);

/// The member of that name. Throw std::runtime_error, for the client to read,
/// when it is missing or no such thing.
std::string text_member(const json& request, const char* name);
std::uint64_t number_member(const json& request, const char* name);

/// All there is to say of a task.
json describe(const compaction& task);

/// The requests that are answered at once, and the tasks they made.
///
/// Thread safety: none; one caller at a time.
class disk_requests {
public:
    explicit disk_requests(vmtask::engine& engine) : engine_(engine) {}

    /// Answers "compact", "list", "query" and "cancel". Throws std::exception,
    /// whose what() is for the client to read.
    json answer(const json& request);

    /// The task that the request names. Throws as answer().
    [[nodiscard]] const compaction& find(const json& request) const;

    /// Takes no further work and cancels what there is. Returns all tasks.
    std::vector<compaction> stop();

private:
    json compact(const json& request);
    json list() const;
    json cancel(const json& request) const;
    void forget_old_tasks();

    vmtask::engine& engine_;
    std::map<std::uint64_t, compaction> tasks_; // by id, so the oldest first
    bool stopping_ = false;
};
