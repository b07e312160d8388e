// SPDX-License-Identifier: BSL-1.0
#include "wait/event_wait.hpp"

#include <asio/error.hpp>

#include <utility>

namespace vmtask::detail {

event_wait::event_wait(wait_target&& target, completion& told) noexcept
    : pending_wait(told, target.reader->core()), reader_(std::move(target.reader)), ticket_(reader_->next_ticket())
{
}

void event_wait::complete(std::error_code error) noexcept
{
    error_ = error;
    be_over();
}

void event_wait::begin(give_up_handler*) noexcept
{
    // A context that is shutting down destroys what is posted to it.
    if (!enter_place()) return complete(asio::error::operation_aborted);
    event_reader& read_from = *reader_;
    if (const auto at_once = read_from.begin(*this, ticket_)) complete(*at_once);
}

void event_wait::name_to(give_up_handler& give_up) noexcept
{
    give_up.reader_ = reader_;
    give_up.ticket_ = ticket_;
}

settled_wait event_wait::settle(bool) noexcept
{
    return {.result = {.error = error_}};
}

bool event_wait::take_back() noexcept
{
    return reader_->withdraw(ticket_) || take_back_postponed(core(), *this);
}

engine_core* event_wait::core_behind(const asio::execution_context* context) const noexcept
{
    return if_loop_in(reader_->core(), context);
}

} // namespace vmtask::detail
