// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <glib.h>

#include <cstddef>

namespace vmtask::benchmark {

/// A GThreadPool of threads of its own that calls `work(item)` for each item.
template <class Item, class Work>
class glib_pool {
public:
    glib_pool(std::size_t thread_count, Work work)
        : work_(std::move(work)),
          pool_(g_thread_pool_new(&glib_pool::call, this, static_cast<int>(thread_count), TRUE, nullptr))
    {
    }
    ~glib_pool() { g_thread_pool_free(pool_, FALSE, TRUE); }
    glib_pool(const glib_pool&) = delete;
    glib_pool& operator=(const glib_pool&) = delete;

    void push(Item& item) { g_thread_pool_push(pool_, &item, nullptr); }

private:
    static void call(void* item, void* self) { static_cast<glib_pool*>(self)->work_(*static_cast<Item*>(item)); }

    Work work_;
    GThreadPool* pool_;
};

} // namespace vmtask::benchmark
