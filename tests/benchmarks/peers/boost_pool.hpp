// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/thread/executors/basic_thread_pool.hpp>
#include <boost/thread/future.hpp>

#include <cstddef>
#include <utility>

namespace vmtask::benchmark {

/// A boost::basic_thread_pool that hands out futures.
class boost_pool {
public:
    explicit boost_pool(std::size_t thread_count) : pool_(static_cast<unsigned>(thread_count)) {}

    template <class Function>
    [[nodiscard]] auto post(Function function)
    {
        return boost::async(pool_, std::move(function));
    }

private:
    boost::basic_thread_pool pool_;
};

} // namespace vmtask::benchmark
