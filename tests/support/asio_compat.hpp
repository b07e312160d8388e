// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <asio/version.hpp>

#if ASIO_VERSION < 102300
#include <asio/experimental/append.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/deferred.hpp>
#else
#include <asio/append.hpp>
#include <asio/as_tuple.hpp>
#include <asio/deferred.hpp>
#endif

namespace vmtask::test {

// Experimental until Asio 1.23, and gone from there with 1.33.
#if ASIO_VERSION < 102300
using asio::experimental::append;
using asio::experimental::as_tuple;
using asio::experimental::deferred;
#else
using asio::append;
using asio::as_tuple;
using asio::deferred;
#endif

} // namespace vmtask::test
