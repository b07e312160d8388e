// SPDX-License-Identifier: BSL-1.0

#include <vmtask/c_api/task.h>

#include "codes.hpp"
#include "guarded.hpp"
#include "handing_over.hpp"
#include "handles.hpp"

#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <utility>

namespace c_api = vmtask::c_api;

/// A wait in the background: held by its caller, and by the handler that tells
/// how it came out.
struct vmtask_wait : c_api::counted<vmtask_wait> {
    vmtask_wait(c_api::owner<vmtask_task> awaited, vmtask_wait_callback callback, void* user) noexcept
        : task_(std::move(awaited)), callback_(callback), user_(user)
    {
    }

    void begin(std::int64_t timeout_ms);

    void give_up()
    {
        // A signal is not for several threads at once. Nothing of the caller's
        // runs in here: the callback is posted.
        const std::lock_guard lock(mutex_);
        signal_.emit(asio::cancellation_type::all);
    }

private:
    class teller;

    void tell(vmtask_status status) { callback_(task_.get(), status, user_); }

    const c_api::owner<vmtask_task> task_;
    const vmtask_wait_callback callback_;
    void* const user_;
    std::mutex mutex_;
    asio::cancellation_signal signal_; // guarded by mutex_ once the wait has begun
};

/// The handler of the wait. Should it go uncalled, the caller is told all the
/// same, because he frees by that what is his.
class vmtask_wait::teller {
public:
    using cancellation_slot_type = asio::cancellation_slot;

    teller(c_api::owner<vmtask_wait> wait, const c_api::handing_over& call) noexcept
        : wait_(std::move(wait)), call_(call.number())
    {
    }
    teller(teller&&) noexcept = default;
    teller& operator=(teller&&) = delete;
    ~teller()
    {
        if (wait_ && !c_api::handing_over::takes_back(call_)) wait_->tell(VMTASK_E_GIVEN_UP);
    }

    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return wait_->signal_.slot(); }

    void operator()(std::error_code outcome)
    {
        const c_api::owner<vmtask_wait> wait = std::move(wait_);
        const bool given_up = outcome == asio::error::operation_aborted;
        wait->tell(given_up ? VMTASK_E_GIVEN_UP : c_api::status_of(outcome));
    }

private:
    c_api::owner<vmtask_wait> wait_;
    std::uint64_t call_; // its number
};

void vmtask_wait::begin(std::int64_t timeout_ms)
{
    const c_api::handing_over call;
    task_->handle.async_wait_for(std::chrono::milliseconds(timeout_ms), teller(c_api::share(this), call));
}

vmtask_status vmtask_task_async_wait(vmtask_task* task, int64_t timeout_ms, vmtask_wait_callback callback, void* user,
                                     vmtask_wait** wait)
{
    if (wait != nullptr) *wait = nullptr;
    return c_api::guarded([&] {
        c_api::require(task, "task is null");
        c_api::require(callback, "callback is null");
        c_api::owner<vmtask_wait> begun(new vmtask_wait(c_api::share(task), callback, user));
        begun->begin(timeout_ms);
        if (wait != nullptr) *wait = begun.release();
    });
}

vmtask_status vmtask_wait_give_up(vmtask_wait* wait)
{
    return c_api::guarded([&] { c_api::require(wait, "wait is null")->give_up(); });
}

void vmtask_wait_release(vmtask_wait* wait)
{
    if (wait != nullptr) wait->release();
}
