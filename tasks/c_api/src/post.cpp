// SPDX-License-Identifier: BSL-1.0

#include <vmtask/c_api/engine.h>

#include "codes.hpp"
#include "guarded.hpp"
#include "handing_over.hpp"
#include "start.hpp"
#include "structs.hpp"
#include "task_list.hpp"
#include "terms.hpp"

#include <vmtask/detail/forced_unwind.hpp>
#include <vmtask/task_context.hpp>
#include <vmtask/task_options.hpp>

#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

namespace c_api = vmtask::c_api;

struct vmtask_context {
    vmtask::task_context& self;
    std::string error_message;
};

namespace {

/// A failure with the body's own words.
class body_failure : public std::system_error {
public:
    body_failure(std::error_code code, std::string text) : system_error(code), text_(std::move(text)) {}
    [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

private:
    std::string text_;
};

/// A body in C. When it goes, what the caller keeps for it goes, too.
class c_body {
public:
    c_body(vmtask_body body, void* user, vmtask_user_release release, const c_api::handing_over& post) noexcept
        : body_(body), user_(user), release_(release), post_(post.number())
    {
    }
    c_body(c_body&& other) noexcept
        : body_(other.body_), user_(other.user_), release_(std::exchange(other.release_, nullptr)), post_(other.post_)
    {
    }
    c_body& operator=(c_body&&) = delete;
    ~c_body()
    {
        if (release_ != nullptr && !c_api::handing_over::takes_back(post_)) release_(user_);
    }

    void operator()(vmtask::task_context& self)
    {
        vmtask_context context{self, {}};
        const vmtask_status status = call(context);
        if (status == VMTASK_OK) return;
        const std::error_code code = c_api::code_of_body(status);
        if (context.error_message.empty()) throw std::system_error(code);
        throw body_failure(code, context.error_message);
    }

private:
    vmtask_status call(vmtask_context& context)
    {
        try {
            return body_(&context, user_);
        } catch (vmtask::detail::forced_unwind&) {
            // An interpreter that has gone: what it gave with the body is gone,
            // too, and a call for that would end the thread where it must not.
            release_ = nullptr;
            throw;
        }
    }

    vmtask_body body_;
    void* user_;
    vmtask_user_release release_;
    std::uint64_t post_; // its number
};

/// Calls `act` with the engine's context, for one of the body's functions.
template <class Act>
vmtask_status in_body(vmtask_context* context, Act act)
{
    return c_api::guarded([&] { act(*c_api::require(context, "the task's context is null")); });
}

} // namespace

vmtask_status vmtask_engine_post(vmtask_engine* engine, const vmtask_post_options* options, vmtask_body body,
                                 void* user, vmtask_task** task)
{
    return c_api::start(engine, task, [&](vmtask::engine& where) {
        c_api::require(body, "body is null");
        const vmtask_post_options given = c_api::options_from(options);
        c_api::require_zero(given.reserved);
        vmtask::task_options about = c_api::task_options_on(given.terms);
        if (given.description != nullptr) about.description = given.description;
        about.cancelable = given.not_cancelable == 0;
        const c_api::handing_over post;
        vmtask::task<> posted = where.post(c_body(body, user, given.release, post), std::move(about));
        // Another task has been joined, or this one has ended already.
        if (post.has_taken_back()) given.release(user);
        return posted;
    });
}

vmtask_status vmtask_context_get_task(vmtask_context* self, vmtask_task** task)
{
    return in_body(self, [&](vmtask_context& context) {
        c_api::prepare(task, "there is no place for the task");
        *task = c_api::make_handle(context.self.handle()).release();
    });
}

vmtask_status vmtask_context_report_progress(vmtask_context* self, uint64_t done, uint64_t total)
{
    return in_body(self, [&](vmtask_context& context) { context.self.report_progress(done, total); });
}

vmtask_status vmtask_context_set_unit(vmtask_context* self, const char* unit)
{
    return in_body(
        self, [&](vmtask_context& context) { context.self.set_progress_unit(c_api::require(unit, "unit is null")); });
}

vmtask_status vmtask_context_report_step(vmtask_context* self, const char* step)
{
    return in_body(self,
                   [&](vmtask_context& context) { context.self.report_step(c_api::require(step, "step is null")); });
}

vmtask_status vmtask_context_add_warning(vmtask_context* self, const char* warning)
{
    return in_body(
        self, [&](vmtask_context& context) { context.self.add_warning(c_api::require(warning, "warning is null")); });
}

vmtask_status vmtask_context_checkpoint(vmtask_context* self)
{
    return in_body(self, [](vmtask_context& context) { context.self.checkpoint(); });
}

vmtask_status vmtask_context_point_of_no_return(vmtask_context* self)
{
    return in_body(self, [](vmtask_context& context) { context.self.point_of_no_return(); });
}

vmtask_status vmtask_context_set_error_message(vmtask_context* self, const char* message)
{
    return in_body(
        self, [&](vmtask_context& context) { context.error_message = c_api::require(message, "message is null"); });
}
