// SPDX-License-Identifier: BSL-1.0
#include "tell/event_reader.hpp"

#include "base/engine_core.hpp"
#include "base/process_mark.hpp"
#include "tell/event_filter.hpp"
#include "tell/event_log.hpp"

#include <vmtask/event_subscription.hpp>

#include <new>
#include <utility>

namespace vmtask::detail {

event_reader::event_reader(engine_core& core, std::optional<std::uint64_t> after,
                           std::shared_ptr<const event_filter> filter)
    : core_(core), filter_(std::move(filter)), position_(after.value_or(0))
{
    if (!after) first_ = core.events.take_snapshot(filter_.get());
    if (first_) position_ = first_->version;
    core.remember();
    core.events.add_reader();
}

event_reader::~event_reader()
{
    if (core_.process.is_left_behind()) return;
    core_.events.remove_reader();
    core_.forget_task();
}

std::uint64_t event_reader::next_ticket() noexcept
{
    return core_.events.next_ticket(*this);
}

std::optional<std::error_code> event_reader::begin(pending_read& read, std::uint64_t ticket) noexcept
{
    return core_.events.begin(*this, read, ticket);
}

event_batch event_reader::take(std::error_code& error) noexcept
{
    try {
        return core_.events.take(*this, error);
    } catch (const std::bad_alloc&) {
        error = std::make_error_code(std::errc::not_enough_memory);
        return {};
    }
}

void event_reader::give_up(std::uint64_t ticket) noexcept
{
    core_.events.give_up(*this, ticket);
}

bool event_reader::withdraw(std::uint64_t ticket) noexcept
{
    return core_.events.withdraw(*this, ticket);
}

void event_reader::close() noexcept
{
    if (core_.process.is_left_behind()) return;
    core_.events.give_up(*this, std::nullopt);
}

event_batch take_events(event_reader& reader, std::error_code& error) noexcept
{
    return reader.take(error);
}

void close(event_reader& reader) noexcept
{
    reader.close();
}

} // namespace vmtask::detail
