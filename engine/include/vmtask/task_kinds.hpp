// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/engine.hpp>
#include <vmtask/task_handle.hpp>
#include <vmtask/task_options.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vmtask {

/// How to make tasks by what they were journalled as: a factory for each kind.
///
/// Thread safety: const members; all others need the caller's lock.
class task_kinds {
public:
    /// Posts a task to the engine. The options have the kind and the parameters already,
    /// and are to be handed on.
    using factory = std::function<task_handle(engine& where, const std::string& parameters, task_options options)>;

    /// Registers how tasks of a kind are made. Throws std::system_error with
    /// errc::kind_taken, with errc::bad_options for an empty kind or factory;
    /// std::bad_alloc.
    void add(std::string kind, factory makes);

    [[nodiscard]] bool contains(std::string_view kind) const noexcept;
    /// All of them, in alphabetical order. Throws std::bad_alloc.
    [[nodiscard]] std::vector<std::string> names() const;

    /// Makes a task of a kind, for the first time or again, and posts it; the kind and
    /// the parameters of the options are replaced. Blocks as engine::post does.
    ///
    /// Errors, as std::system_error: errc::unknown_kind; those of engine::post. Whatever
    /// the factory throws.
    [[nodiscard]] task_handle make(engine& where, std::string_view kind, std::string parameters,
                                   task_options options = {}) const;

private:
    std::map<std::string, factory, std::less<>> factories_;
};

} // namespace vmtask
