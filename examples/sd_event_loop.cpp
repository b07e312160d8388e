// SPDX-License-Identifier: BSL-1.0
//
// A task in a program whose loop is systemd's sd-event, as a daemon on D-Bus has it:
// cancels it after a time limit and learns of its end on the loop's thread. An
// eventfd wakes the loop.
//
//     sd_event_loop STEPS MILLISECONDS
//
// Exits 0 when the task has succeeded, 1 when it was cancelled, 2 on bad usage.

#include <vmtask/engine.hpp>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using callback = std::function<void()>;
using event_pointer = std::unique_ptr<sd_event, sd_event* (*)(sd_event*)>;

/// Throws for what systemd returns as a negative errno.
void require(int answer, const char* what)
{
    if (answer < 0) throw std::system_error(-answer, std::generic_category(), what);
}

event_pointer make_loop()
{
    sd_event* made = nullptr;
    require(sd_event_new(&made), "sd_event_new");
    return {made, sd_event_unref};
}

/// What other threads want called on the loop, and the eventfd that tells the loop.
///
/// Thread safety: call(); the rest is for the loop's thread.
class loop_inbox {
public:
    explicit loop_inbox(sd_event* loop) : wakes_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
    {
        if (wakes_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
        require(sd_event_add_io(loop, &source_, wakes_, EPOLLIN, &loop_inbox::on_wake, this), "sd_event_add_io");
    }
    ~loop_inbox()
    {
        sd_event_source_unref(source_);
        close(wakes_);
    }
    loop_inbox(const loop_inbox&) = delete;
    loop_inbox& operator=(const loop_inbox&) = delete;

    void call(callback called)
    {
        {
            const std::lock_guard lock(mutex_);
            called_.push_back(std::move(called));
        }
        const std::uint64_t one = 1;
        (void)!write(wakes_, &one, sizeof one); // full is as good as written
    }

    /// A handler that runs on the loop: the engine's own loop passes it on.
    template <class Function>
    auto handler(Function function)
    {
        return [this, function = std::move(function)](std::error_code error) {
            call([function, error] { function(error); });
        };
    }

private:
    static int on_wake(sd_event_source*, int wakes, std::uint32_t, void* self) noexcept
    {
        std::uint64_t count = 0;
        (void)!read(wakes, &count, sizeof count); // before the list is taken: who adds later wakes again
        static_cast<loop_inbox*>(self)->call_all();
        return 0;
    }

    void call_all()
    {
        std::vector<callback> taken;
        {
            const std::lock_guard lock(mutex_);
            taken.swap(called_);
        }
        for (const callback& each : taken) each();
    }

    const int wakes_;
    sd_event_source* source_ = nullptr;
    std::mutex mutex_;
    std::vector<callback> called_; // guarded by mutex_
};

int count(vmtask::task_context& self, int steps)
{
    for (int i = 1; i <= steps; ++i) {
        self.checkpoint();
        std::this_thread::sleep_for(1ms);
        self.report_progress(static_cast<double>(i) / steps);
    }
    return steps;
}

int run(int steps, std::chrono::milliseconds limit)
{
    const event_pointer loop = make_loop();
    loop_inbox inbox(loop.get());
    vmtask::engine engine; // goes before the inbox that it calls
    const vmtask::task<int> task = engine.post([steps](vmtask::task_context& self) { return count(self, steps); });

    task.async_wait_for(limit, inbox.handler([&](std::error_code wait) {
        if (wait != vmtask::errc::timed_out) return;
        std::cout << "out of time at " << task.percent_completed() << " %\n";
        task.request_cancel();
    }));
    task.async_wait(inbox.handler([&](std::error_code) { sd_event_exit(loop.get(), 0); }));
    require(sd_event_loop(loop.get()), "sd_event_loop");

    if (task.state() != vmtask::task_state::succeeded) {
        std::cout << "not counted: " << task.error().message() << '\n';
        return 1;
    }
    std::cout << "counted to " << task.result() << '\n';
    return 0;
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::cerr << "usage: sd_event_loop STEPS MILLISECONDS\n";
        return 2;
    }
    return run(std::atoi(argv[1]), std::chrono::milliseconds(std::atoi(argv[2])));
}
