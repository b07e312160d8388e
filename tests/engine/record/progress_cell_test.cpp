// SPDX-License-Identifier: BSL-1.0
#include "record/progress_cell.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

using vmtask::detail::progress_cell;

TEST_CASE("a new cell says that nothing is done", "[progress]")
{
    const progress_cell cell;
    CHECK(cell.fraction() == 0);
    CHECK(cell.read().fraction == 0);
    CHECK(cell.read().done == 0);
    CHECK(cell.read().total == 0);
}

TEST_CASE("the fraction of a cell never falls, its amounts are the latest", "[progress]")
{
    progress_cell cell;
    cell.report(3, 4);
    cell.report(1, 4);
    CHECK(cell.read().fraction == 0.75);
    CHECK(cell.read().done == 1);
    cell.report(0.5);
    CHECK(cell.fraction() == 0.75);
}

TEST_CASE("whoever reads a cell reads one report, whole", "[progress]")
{
    constexpr std::uint64_t reports = 100'000;
    progress_cell cell;
    std::atomic<bool> done{false};
    std::atomic<int> torn{0};
    std::atomic<int> fallen{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i) {
        readers.emplace_back([&] {
            double highest = 0;
            std::uint64_t latest = 0;
            while (!done) {
                const auto seen = cell.read();
                const bool whole = seen.total == 0
                    || (seen.total == reports
                        && seen.fraction == static_cast<double>(seen.done) / static_cast<double>(reports));
                if (!whole) ++torn;
                if (seen.fraction < highest || seen.done < latest || cell.fraction() < seen.fraction) ++fallen;
                highest = seen.fraction;
                latest = seen.done;
            }
        });
    }
    for (std::uint64_t i = 1; i <= reports; ++i) cell.report(i, reports);
    done = true;
    for (auto& reader : readers) reader.join();

    CHECK(torn == 0);
    CHECK(fallen == 0);
    CHECK(cell.read().done == reports);
    CHECK(cell.read().fraction == 1);
}

TEST_CASE("several threads may report to one cell", "[progress]")
{
    progress_cell cell;
    std::atomic<int> torn{0};
    std::atomic<bool> done{false};
    std::thread reader([&] {
        while (!done) {
            const auto seen = cell.read();
            if (seen.total != 2 * seen.done) ++torn;
        }
    });
    std::vector<std::thread> writers;
    for (std::uint64_t writer = 1; writer <= 3; ++writer) {
        writers.emplace_back([&, writer] {
            for (std::uint64_t i = 1; i <= 20'000; ++i) cell.report(i * writer, 2 * i * writer);
        });
    }
    for (auto& writer : writers) writer.join();
    done = true;
    reader.join();

    CHECK(torn == 0);
    CHECK(cell.fraction() == 0.5);
}
