// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/task_event.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>

namespace vmtask::detail {

class engine_core;
class event_filter;

/// A reader's wait for the next events. It is completed once: by an event, by
/// the end of the engine, by being given up.
class pending_read {
public:
    pending_read(const pending_read&) = delete;
    pending_read& operator=(const pending_read&) = delete;

    /// Tells the one who waits. The wait may be gone when this returns.
    virtual void complete(std::error_code error) noexcept = 0;

protected:
    pending_read() = default;
    ~pending_read() = default;

private:
    friend class event_log;
    friend class woken_readers;

    pending_read* next_ = nullptr; // among those that are about to be told
};

/// One reader of an engine's events, and where it has got to.
///
/// Thread safety: all members.
class event_reader {
public:
    /// Continues after that version, or begins with a snapshot of now. Null wants
    /// all events. Throws std::bad_alloc.
    event_reader(engine_core& core, std::optional<std::uint64_t> after, std::shared_ptr<const event_filter> filter);
    ~event_reader();
    event_reader(const event_reader&) = delete;
    event_reader& operator=(const event_reader&) = delete;

    [[nodiscard]] engine_core& core() const noexcept { return core_; }

    /// What the next wait is called, for whoever wants to give it up.
    [[nodiscard]] std::uint64_t next_ticket() noexcept;
    /// Begins a wait. When there is something to be told at once, nothing is
    /// begun and what the wait is to be completed with is returned.
    [[nodiscard]] std::optional<std::error_code> begin(pending_read& read, std::uint64_t ticket) noexcept;
    /// What there is to read by now; gets the reader further. Where it cannot, as
    /// without memory, `error` says why and the reader stays.
    [[nodiscard]] event_batch take(std::error_code& error) noexcept;
    /// Gives up that wait, if it still waits.
    void give_up(std::uint64_t ticket) noexcept;
    /// Takes that wait back: nobody completes it any more. False when somebody
    /// has, or is about to.
    [[nodiscard]] bool withdraw(std::uint64_t ticket) noexcept;
    /// Gives up the wait that there is; none begins any more.
    void close() noexcept;

private:
    friend class event_log;

    engine_core& core_;
    const std::shared_ptr<const event_filter> filter_;

    // Guarded by the log's lock.
    std::optional<event_batch> first_; // the snapshot of the beginning, until it is read
    std::uint64_t position_ = 0;       // the last version read, or not wanted
    pending_read* pending_ = nullptr;
    std::uint64_t ticket_ = 0; // that of `pending_`
    std::uint64_t last_ticket_ = 0;
    bool closed_ = false;
    event_reader* next_ = nullptr; // among those that wait
    event_reader* previous_ = nullptr;
};

} // namespace vmtask::detail
