// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/awaited_tasks.hpp>
#include <vmtask/detail/block_memory.hpp>
#include <vmtask/detail/deadline.hpp>
#include <vmtask/detail/engine_access.hpp>
#include <vmtask/detail/intrusive_ptr.hpp>
#include <vmtask/detail/task_record.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/query.hpp>
#include <asio/system_context.hpp>
#include <asio/system_executor.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace vmtask::detail {

// An asynchronous operation has two parts, in one block of memory of the handler's
// allocator. In front is what is of the user's types: the handler and its executor,
// made by the templates here. Behind it is the library's: what is waited for, by whom
// the operation is told, dropped or given up. Each knows of the other what is declared
// here.

class event_reader;
class journal_request;
class pending_wait;
class waiter;

/// What an operation can wait for.
enum class wait_target_kind : std::uint8_t {
    end,        ///< Of a task.
    resumption, ///< That a task is not paused any more.
    answer,     ///< The journal's, to a request that a task is concerned with.
    all,        ///< The ends of several tasks.
    any,        ///< The end of one of several tasks.
    events,     ///< That there is something to read.
};

/// What one operation waits for, and for how long at most.
struct wait_target {
    wait_target_kind kind = wait_target_kind::end;
    steady_time deadline = deadline_never;
    intrusive_ptr<task_record> task{};          // of end, resumption and answer
    std::shared_ptr<journal_request> request{}; // of answer
    awaited_tasks tasks{};                      // of all and any
    std::shared_ptr<event_reader> reader{};     // of events
};

/// How a wait has come out.
struct wait_result {
    std::error_code error{};
    std::size_t index = no_index; ///< Of any: the first of the tasks that had ended.
};

/// A wait that is over, and what it has kept until then. That goes where the handler
/// runs: it may be the last reference.
struct settled_wait {
    wait_result result{};
    intrusive_ptr<task_record> task{};
    awaited_tasks tasks{};
};

/// What the library does to the user's part of an operation.
class completion {
public:
    completion(const completion&) = delete;
    completion& operator=(const completion&) = delete;

    /// Has deliver() called where the handler is to run; on a thread of Asio's system
    /// executor, if that is an event loop that is gone with its engine. False when
    /// there was no memory for it; else the operation may be gone when this returns.
    [[nodiscard]] virtual bool post(bool is_loop_gone) noexcept = 0;
    /// Calls the handler, as the last that is done to the operation. May throw what
    /// the handler throws.
    virtual void deliver() = 0;
    /// Destroys the operation without a call.
    virtual void discard() noexcept = 0;

protected:
    completion() noexcept = default;
    ~completion() = default;
};

// --- What the templates do to the library's part ---

/// The verdict where there is nothing to wait for: no task among those that are named.
[[nodiscard]] std::optional<std::error_code> refusal_of(const wait_target& target) noexcept;
/// True when the wait is over before it has begun. Precondition, as of all that
/// follows: no refusal.
[[nodiscard]] bool is_over(const wait_target& target, wait_result& result) noexcept;
/// The engine whose event loop a handler without an executor runs on.
[[nodiscard]] engine_core& core_of(const wait_target& target) noexcept;
/// The engine, if its event loop runs in that context; else null.
[[nodiscard]] engine_core* if_loop_in(engine_core& core, const asio::execution_context* context) noexcept;
/// The event loop of such a target's engine, or of one of its engines, runs in that
/// context: that engine. Null for another context.
[[nodiscard]] engine_core* core_behind(const wait_target& target, const asio::execution_context* context) noexcept;

/// The bytes that the library's part takes, at an address for any scalar.
[[nodiscard]] std::size_t size_of_pending(const wait_target& target) noexcept;
/// Makes it at that address. `context` is where the handler is to run, if that is
/// known; `is_bare`: by the executor of an io_context and nothing around it. Throws
/// std::bad_alloc.
[[nodiscard]] pending_wait& make_pending(void* place, wait_target&& target, completion& told,
                                         asio::execution_context* context, bool is_bare);
void destroy(pending_wait& made) noexcept;
/// Whether the handler's executor has to be kept in work until it is posted to.
[[nodiscard]] bool needs_work(const pending_wait& made) noexcept;

/// What an operation leaves in the cancellation slot of its handler.
///
/// It and the waiter know each other under the task's lock, and each unties the other
/// when it goes. So a signal that comes after the end finds nothing, and one that
/// comes in time finds its waiter without a search. For a read of events a ticket does
/// the same.
class give_up_handler {
public:
    explicit give_up_handler(pending_wait& wait) noexcept;
    ~give_up_handler();
    give_up_handler(const give_up_handler&) = delete;
    give_up_handler& operator=(const give_up_handler&) = delete;

    /// Gives up the wait, whatever the type: waiting has no side effects, so even the
    /// mildest request can be met.
    void operator()(asio::cancellation_type) noexcept;

private:
    friend class task_record;
    friend class event_wait;
    friend class joint_wait;
    friend class task_wait;

    intrusive_ptr<task_record> record_; // null for a read
    waiter* target_ = nullptr;          // guarded by the task's lock
    std::shared_ptr<event_reader> reader_;
    std::uint64_t ticket_ = 0;
};

/// Begins the wait, which may be over, and gone, when this returns.
void begin(pending_wait& made, give_up_handler* give_up) noexcept;
/// Takes the wait for a task's end back, and has the operation discarded, unless it
/// has been told, or is about to be.
void abandon(pending_wait& begun) noexcept;
/// Takes out what has come of a wait that is over. `is_called`: the handler is called
/// right after this; else it is discarded.
[[nodiscard]] settled_wait settle(pending_wait& over, bool is_called) noexcept;

// --- Posting ---

/// A post that the calling thread is in. It tells a function that is destroyed
/// because it could not be posted from one whose executor has let it go.
class post_attempt {
public:
    explicit post_attempt(const void* posted) noexcept
        : outer_(current()), posted_(posted), exceptions_(std::uncaught_exceptions())
    {
        current() = this;
    }
    ~post_attempt() { current() = outer_; }
    post_attempt(const post_attempt&) = delete;
    post_attempt& operator=(const post_attempt&) = delete;

    /// Asked by what is posted when it is destroyed uncalled: true when it goes
    /// back to the one who posts, because that fails just now.
    [[nodiscard]] static bool returns(const void* posted) noexcept
    {
        post_attempt* const attempt = current();
        if (!attempt || attempt->posted_ != posted || std::uncaught_exceptions() <= attempt->exceptions_) return false;
        attempt->has_returned_ = true;
        return true;
    }
    [[nodiscard]] bool has_returned() const noexcept { return has_returned_; }

private:
    static post_attempt*& current() noexcept
    {
        static constinit thread_local post_attempt* attempt = nullptr;
        return attempt;
    }

    post_attempt* const outer_;
    const void* const posted_;
    const int exceptions_;
    bool has_returned_ = false;
};

/// What is posted when a wait has come to its end: it refers to the operation, which
/// has the handler, so that a post that fails loses nothing.
///
/// It brings the allocator of the handler.
template <class Allocator>
class posted_completion {
public:
    using allocator_type = Allocator;

    posted_completion(completion& posted, const Allocator& allocator) noexcept : posted_(&posted), allocator_(allocator)
    {
    }
    posted_completion(posted_completion&& other) noexcept
        : posted_(std::exchange(other.posted_, nullptr)), allocator_(other.allocator_)
    {
    }
    posted_completion& operator=(posted_completion&&) = delete;
    ~posted_completion()
    {
        if (posted_ && !post_attempt::returns(posted_)) posted_->discard();
    }

    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_; }

    void operator()() { std::exchange(posted_, nullptr)->deliver(); }

private:
    completion* posted_; // null when moved from, or called
    [[no_unique_address]] Allocator allocator_;
};

/// The context behind an executor, strands and any_io_executor included; null
/// where there is none. Null also for Asio's system executor, whose context
/// stays to the end of the program: to ask for it makes it, which terminates
/// where memory lacks.
template <class Executor>
[[nodiscard]] asio::execution_context* context_behind(const Executor& executor)
{
    const auto address_of = [](auto& found) -> asio::execution_context* {
        if constexpr (std::convertible_to<decltype(found), asio::execution_context&>)
            return &static_cast<asio::execution_context&>(found);
        else return nullptr;
    };
    if constexpr (requires { [](asio::system_context&) {}(asio::query(executor, asio::execution::context)); })
        return nullptr;
    else if constexpr (requires { [](auto&) {}(asio::query(executor, asio::execution::context)); })
        return address_of(asio::query(executor, asio::execution::context));
    else if constexpr (requires { [](auto&) {}(executor.context()); }) return address_of(executor.context());
    else return nullptr;
}

/// Where a handler is to run once its wait is over, and what keeps that place in work.
template <class Executor>
class handler_place {
public:
    explicit handler_place(const Executor& executor) : executor_(executor) {}

    /// Throws std::bad_alloc.
    void keep_in_work() { work_.emplace(executor_); }

    /// Has `posted` told by a function of its own, with that allocator; see
    /// completion::post. `posted` has this place, and may be gone when this returns.
    template <class Allocator>
    [[nodiscard]] bool post(completion& posted, const Allocator& allocator, bool is_loop_gone) noexcept
    {
        const Executor target = executor_;
        if (is_loop_gone) return post_to(asio::system_executor(), posted, allocator);
        if (!work_) return post_to(target, posted, allocator);
        asio::executor_work_guard<Executor> kept(std::move(*work_));
        work_.reset();
        if (post_to(target, posted, allocator)) return true;
        work_.emplace(std::move(kept));
        return false;
    }

private:
    template <class Target, class Allocator>
    [[nodiscard]] static bool post_to(const Target& target, completion& posted, const Allocator& allocator) noexcept
    {
        const post_attempt attempt(&posted);
        try {
            asio::post(target, posted_completion<Allocator>(posted, allocator));
            return true;
        } catch (const std::bad_alloc&) {
            // It may have got as far as into a strand's queue, which has it now.
            return !attempt.has_returned();
        }
    }

    Executor executor_;
    std::optional<asio::executor_work_guard<Executor>> work_;
};

/// Posts a function to an executor, behind which is the event loop of that engine, or
/// none. When that is gone, with its engine, a thread of Asio's system executor runs
/// the function instead.
template <class Executor, class Function>
void post_now(engine_core* loop_of, const Executor& executor, Function&& function)
{
    std::optional<loop_pin> pin;
    if (loop_of) pin.emplace(*loop_of);
    if (pin && !*pin) return asio::post(asio::system_executor(), std::forward<Function>(function));
    // A pin of the caller's loop does not keep the engine, which the function may.
    if (pin && !has_own_event_loop(*loop_of)) pin.reset();
    asio::post(executor, std::forward<Function>(function));
}

// --- An operation ---

/// A handler on its way to its executor, together with what it is to be told.
///
/// It carries the handler's allocator but not its executor: it is posted to
/// that executor, and Asio 1.22 reads a bound executor's handler after moving
/// from it.
template <class Handler, class Report>
class delivery {
public:
    using allocator_type = asio::associated_allocator_t<Handler>;

    delivery(Handler&& handler, Report&& report, settled_wait&& settled)
        : handler_(std::move(handler)), report_(std::move(report)), settled_(std::move(settled))
    {
    }

    [[nodiscard]] allocator_type get_allocator() const noexcept { return asio::get_associated_allocator(handler_); }

    void operator()() { report_(std::move(handler_), settled_.result); }

private:
    Handler handler_;
    Report report_;
    settled_wait settled_;
};

template <class... Parts>
[[nodiscard]] constexpr std::size_t widest_alignment() noexcept
{
    std::size_t widest = alignof(std::max_align_t);
    ((widest = alignof(Parts) > widest ? alignof(Parts) : widest), ...);
    return widest;
}

/// What the memory of an operation is counted in.
template <class... Parts>
struct alignas(widest_alignment<Parts...>()) operation_unit {
    std::byte first; // of as many as it is aligned for
};

/// An asynchronous operation: a handler, the place where it is to run, and `Report`,
/// which calls the handler with what the wait's result stands for.
///
/// It gives its memory back before the handler can run.
template <class Handler, class Report>
class operation final : public completion {
    using executor = asio::associated_executor_t<Handler, loop_executor>;
    using delivery_type = delivery<Handler, Report>;
    using unit = operation_unit<Handler, Report, executor>;
    using allocator = block_allocator_unless_given<asio::associated_allocator_t<Handler>, unit>;
    using memory = std::allocator_traits<allocator>;

public:
    /// Begins the operation. The handler is called exactly once, never from in here.
    static void begin(wait_target&& target, Handler&& handler, Report&& report)
    {
        settled_wait at_once;
        if (is_over(target, at_once.result)) {
            const executor where = executor_of(handler, target);
            engine_core* const loop_of = core_behind(target, context_behind(where));
            at_once.task = std::move(target.task);
            at_once.tasks = std::move(target.tasks);
            return post_now(loop_of, where, delivery_type(std::move(handler), std::move(report), std::move(at_once)));
        }
        owner made = make(std::move(target), std::move(handler), std::move(report));
        give_up_handler* const give_up = made->connect_slot();
        detail::begin(*made.release()->pending_, give_up);
    }

    operation(std::size_t units, wait_target&& target, Handler&& handler, Report&& report)
        : operation(units, executor_of(handler, target), std::move(target), std::move(handler), std::move(report))
    {
    }

    bool post(bool is_loop_gone) noexcept override
    {
        return place_.post(*this, asio::get_associated_allocator(handler_), is_loop_gone);
    }

    void deliver() override
    {
        owner self(this);
        delivery_type delivered = take_delivery(true);
        self.reset();
        delivered();
    }

    void discard() noexcept override
    {
        owner self(this);
        const delivery_type discarded = take_delivery(false);
        self.reset();
    }

private:
    operation(std::size_t units, const executor& where, wait_target&& target, Handler&& handler, Report&& report)
        : units_(units),
          memory_of_handler_(asio::get_associated_allocator(handler)),
          place_(where),
          pending_(&make_pending(place_of_pending(), std::move(target), *this, context_behind(where),
                                 std::is_same_v<executor, loop_executor>)),
          handler_(std::move(handler)),
          report_(std::move(report))
    {
        if (needs_work(*pending_)) place_.keep_in_work();
    }

    struct pending_destroyer {
        void operator()(pending_wait* made) const noexcept { destroy(*made); }
    };

    /// Gives the memory back to the handler's allocator.
    struct disposer {
        void operator()(operation* disposed) const noexcept
        {
            allocator memory_of_handler(disposed->memory_of_handler_);
            const std::size_t units = disposed->units_;
            std::destroy_at(disposed);
            memory::deallocate(memory_of_handler, reinterpret_cast<unit*>(disposed), units);
        }
    };
    using owner = std::unique_ptr<operation, disposer>;

    static owner make(wait_target&& target, Handler&& handler, Report&& report)
    {
        allocator memory_of_handler(asio::get_associated_allocator(handler));
        const std::size_t units = units_of(sizeof(operation)) + units_of(size_of_pending(target));
        unit* const place = memory::allocate(memory_of_handler, units);
        try {
            return owner(std::construct_at(reinterpret_cast<operation*>(place), units, std::move(target),
                                           std::move(handler), std::move(report)));
        } catch (...) {
            memory::deallocate(memory_of_handler, place, units);
            throw;
        }
    }

    [[nodiscard]] static constexpr std::size_t units_of(std::size_t bytes) noexcept
    {
        return (bytes + sizeof(unit) - 1) / sizeof(unit);
    }
    [[nodiscard]] void* place_of_pending() noexcept
    {
        static_assert(alignof(operation) <= alignof(unit));
        return reinterpret_cast<unit*>(this) + units_of(sizeof(operation));
    }

    static executor executor_of(const Handler& handler, const wait_target& target) noexcept
    {
        return asio::get_associated_executor(handler, event_loop_executor(core_of(target)));
    }

    give_up_handler* connect_slot()
    {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        return slot.is_connected() ? &slot.template emplace<give_up_handler>(*pending_) : nullptr;
    }

    delivery_type take_delivery(bool is_called)
    {
        settled_wait settled = settle(*pending_, is_called);
        return delivery_type(std::move(handler_), std::move(report_), std::move(settled));
    }

    const std::size_t units_;
    allocator memory_of_handler_;
    handler_place<executor> place_;
    const std::unique_ptr<pending_wait, pending_destroyer> pending_;
    Handler handler_;
    Report report_;
};

/// Calls a handler for which the wait itself could not be begun.
template <class Handler, class Report>
void refuse_wait(Handler handler, Report report, std::error_code error)
{
    const auto executor = asio::get_associated_executor(handler, asio::system_executor());
    asio::post(executor,
               delivery<Handler, Report>(std::move(handler), std::move(report), {.result = {.error = error}}));
}

/// Begins an operation: what asio::async_initiate calls with the handler that it made
/// of the caller's token.
template <class Report>
class wait_initiation {
public:
    using executor_type = asio::any_io_executor;

    wait_initiation(wait_target target, Report report) : target_(std::move(target)), report_(std::move(report)) {}

    /// Where a handler without an executor of its own is called.
    [[nodiscard]] executor_type get_executor() const noexcept
    {
        if (refusal_of(target_)) return asio::system_executor();
        return event_loop_executor(core_of(target_));
    }

    template <class Handler>
    void operator()(Handler&& handler)
    {
        using handler_type = std::decay_t<Handler>;
        handler_type moved = std::forward<Handler>(handler);
        if (const auto refusal = refusal_of(target_))
            return refuse_wait(std::move(moved), std::move(report_), *refusal);
        operation<handler_type, Report>::begin(std::move(target_), std::move(moved), std::move(report_));
    }

private:
    wait_target target_;
    Report report_;
};

/// Calls the handler of a plain wait.
struct report_error {
    template <class Handler>
    void operator()(Handler&& handler, const wait_result& result) const
    {
        std::forward<Handler>(handler)(result.error);
    }
};

/// Calls the handler of a wait for any of several tasks.
struct report_index {
    template <class Handler>
    void operator()(Handler&& handler, const wait_result& result) const
    {
        std::forward<Handler>(handler)(result.error, result.index);
    }
};

} // namespace vmtask::detail
