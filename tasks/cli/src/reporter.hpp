// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "exit_code.hpp"
#include "output.hpp"

#include <vmtask/progress.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace vmtask::cli {

/// How the program tells its user what happens.
///
/// Progress and results go to the standard output, in the form that was asked
/// for. Failures and what needs an answer go to the standard error output, one
/// line each, in every form: there they reach people.
class reporter {
public:
    reporter(output& out, output& err) noexcept : out_(out), err_(err) {}
    virtual ~reporter() = default;
    reporter(const reporter&) = delete;
    reporter& operator=(const reporter&) = delete;

    /// The task goes on. To be called every tenth of a second or so; decides by
    /// itself what is worth telling, and never waits for a slow reader.
    virtual void progress(const progress_snapshot& now) = 0;

    /// The task has succeeded.
    virtual void last_progress(const progress_snapshot& now) = 0;

    /// A remark while the task goes on, such as that it is being stopped.
    /// `event` is its name for machines.
    virtual void remark(std::string_view event, const std::string& text) = 0;

    /// One of many things that were asked for; the result comes after them.
    /// `event` is its name for machines.
    virtual void item(std::string_view event, std::string_view text, const nlohmann::ordered_json& fields) = 0;

    /// What was asked for, as text of whole lines and as fields.
    virtual void result(std::string_view text, const nlohmann::ordered_json& fields) = 0;

    /// It did not work out. The message is one line: the file, the reason, what
    /// to do.
    virtual void failure(exit_code code, const std::string& message) = 0;

protected:
    [[nodiscard]] output& out() const noexcept { return out_; }
    void write_error_line(const std::string& text) { err_.write(text + '\n'); }

private:
    output& out_;
    output& err_;
};

} // namespace vmtask::cli
