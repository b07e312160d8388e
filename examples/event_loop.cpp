// SPDX-License-Identifier: BSL-1.0
//
// Compacts several disks at once from one thread that never blocks: whatever it
// does, it does in a handler of its own io_context.
//
//     event_loop [--limit SECONDS] DISK.vhd...
//
// A disk that is not done within the limit is cancelled, and so are all of them
// on Ctrl-C. A disk whose compaction was cancelled is whole.
//
// Exits 0 when every disk is compact, 1 when one is not, 2 on bad usage and 130
// when it was interrupted.

#include <vmtask/engine.hpp>
#include <vmtask/vhd/compact.hpp>

#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <charconv>
#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using compaction = vmtask::task<vmtask::vhd::compact_report>;
using std::chrono::seconds;

/// All members run on the thread of the loop.
class compact_service {
public:
    compact_service(asio::io_context& loop, vmtask::engine& engine) : loop_(loop), engine_(engine) {}

    void start(const std::string& disk, seconds limit);
    void watch();
    [[nodiscard]] int exit_code() const { return interrupted_ ? 130 : failures_ > 0 ? 1 : 0; }

private:
    void on_wait(const std::string& disk, std::error_code wait);
    void on_end(const std::string& disk);
    void on_signal(std::error_code error);
    void on_tick(std::error_code error);

    /// The handler, bound to our loop. Unbound, it would run on the engine's thread.
    template <class Handler>
    auto here(Handler handler)
    {
        return asio::bind_executor(loop_, std::move(handler));
    }

    asio::io_context& loop_;
    vmtask::engine& engine_;
    asio::signal_set signals_{loop_, SIGINT, SIGTERM};
    asio::steady_timer tick_{loop_};
    std::map<std::string, compaction> running_;
    int failures_ = 0;
    bool interrupted_ = false;
};

void compact_service::start(const std::string& disk, seconds limit)
{
    const compaction task = vmtask::vhd::compact(engine_, disk);
    running_[disk] = task;
    task.async_wait_for(limit, here([this, disk](std::error_code wait) { on_wait(disk, wait); }));
}

void compact_service::watch()
{
    signals_.async_wait([this](std::error_code error, int) { on_signal(error); });
    on_tick({});
}

void compact_service::on_wait(const std::string& disk, std::error_code wait)
{
    if (wait != vmtask::errc::timed_out) return on_end(disk);

    // Only the end says that the file is closed again, so we go on waiting.
    const compaction& task = running_.at(disk);
    task.request_cancel();
    std::cout << disk << ": out of time, stopping" << std::endl;
    task.async_wait(here([this, disk](std::error_code) { on_end(disk); }));
}

void compact_service::on_end(const std::string& disk)
{
    try {
        const vmtask::vhd::compact_report& report = running_.at(disk).result();
        std::cout << disk << ": done, " << report.file_size_before << " -> " << report.file_size_after << " bytes"
                  << std::endl;
    } catch (const std::exception& failure) { // it names the disk, unless it is the cancel
        const bool cancelled = running_.at(disk).state() == vmtask::task_state::cancelled;
        std::cerr << (cancelled ? disk + ": cancelled, the disk is whole" : failure.what()) << std::endl;
        ++failures_;
    }
    running_.erase(disk);
    if (!running_.empty()) return;
    signals_.cancel(); // nothing left to do: the loop ends
    tick_.cancel();
}

void compact_service::on_signal(std::error_code error)
{
    if (error) return;
    interrupted_ = true;
    for (const auto& [disk, task] : running_) task.request_cancel();
    std::cout << "interrupted, stopping" << std::endl;
}

void compact_service::on_tick(std::error_code error)
{
    if (error || running_.empty()) return;
    for (const auto& [disk, task] : running_) std::cout << disk << ": " << task.percent_completed() << " %\n";
    std::cout << std::flush;
    tick_.expires_after(seconds(1));
    tick_.async_wait([this](std::error_code next) { on_tick(next); });
}

/// The number of seconds; nothing when the text is none.
std::optional<seconds> parse_seconds(std::string_view text)
{
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return seconds(value);
}

int run(const std::vector<std::string>& disks, seconds limit)
{
    asio::io_context loop; // outlives the engine, which posts to it
    vmtask::engine engine;
    compact_service service(loop, engine);
    for (const std::string& disk : disks) service.start(disk, limit);
    service.watch();
    loop.run();
    return service.exit_code();
}

} // namespace

int main(int argc, char** argv)
{
    std::vector<std::string> arguments(argv + 1, argv + argc);
    std::optional<seconds> limit = seconds::max(); // the engine takes it for no limit
    if (arguments.size() >= 2 && arguments[0] == "--limit") {
        limit = parse_seconds(arguments[1]);
        arguments.erase(arguments.begin(), arguments.begin() + 2);
    }
    if (arguments.empty() || arguments[0].starts_with('-') || !limit) {
        std::cerr << "usage: event_loop [--limit SECONDS] DISK.vhd...\n";
        return 2;
    }
    return run(arguments, *limit);
}
