// SPDX-License-Identifier: BSL-1.0
#include "base/native_thread.hpp"

#include "base/signal_shield.hpp"

#include <exception>
#include <memory>
#include <system_error>
#include <utility>

namespace vmtask::detail {
namespace {

/// The attributes of one thread; a size that the system refuses is found out before.
class attributes {
public:
    explicit attributes(std::size_t stack_size)
    {
        if (const int error = pthread_attr_init(&value_)) throw std::system_error(error, std::generic_category());
        if (stack_size != 0) is_valid_ = pthread_attr_setstacksize(&value_, stack_size) == 0;
    }
    ~attributes() { pthread_attr_destroy(&value_); }
    attributes(const attributes&) = delete;
    attributes& operator=(const attributes&) = delete;

    [[nodiscard]] bool is_valid() const noexcept { return is_valid_; }
    [[nodiscard]] const pthread_attr_t* get() const noexcept { return &value_; }

private:
    pthread_attr_t value_;
    bool is_valid_ = true;
};

} // namespace

extern "C" {
// Lets pthread_exit() through, which unwinds.
static void* run_native_thread(void* argument)
{
    const std::unique_ptr<std::function<void()>> run(static_cast<std::function<void()>*>(argument));
    (*run)();
    return nullptr;
}
}

native_thread::native_thread(const std::string& name, std::size_t stack_size, std::function<void()> run)
{
    const attributes wanted(stack_size);
    auto argument = std::make_unique<std::function<void()>>(std::move(run));
    const signal_shield shield;
    if (const int error = pthread_create(&handle_, wanted.get(), run_native_thread, argument.get()))
        throw std::system_error(error, std::generic_category(), "a thread of the engine");
    (void)argument.release(); // the thread's now
    is_joinable_ = true;
    (void)pthread_setname_np(handle_, name.c_str()); // a thread without its name works as well
}

native_thread::native_thread(native_thread&& other) noexcept
    : handle_(other.handle_), is_joinable_(std::exchange(other.is_joinable_, false))
{
}

native_thread& native_thread::operator=(native_thread&& other) noexcept
{
    if (is_joinable_) std::terminate();
    handle_ = other.handle_;
    is_joinable_ = std::exchange(other.is_joinable_, false);
    return *this;
}

native_thread::~native_thread()
{
    if (is_joinable_) std::terminate();
}

void native_thread::join() noexcept
{
    if (std::exchange(is_joinable_, false)) (void)pthread_join(handle_, nullptr);
}

bool native_thread::is_valid_stack_size(std::size_t stack_size) noexcept
{
    try {
        return attributes(stack_size).is_valid();
    } catch (const std::system_error&) {
        return false;
    }
}

} // namespace vmtask::detail
