// SPDX-License-Identifier: BSL-1.0

#include <vmtask/virtual_server/bstr.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <thread>
#include <utility>

TEST_CASE("a BSTR knows its length, with zeros in it", "[virtual_server][bstr]")
{
    const wchar_t text[] = L"ab\0cd";
    BSTR string = SysAllocStringLen(text, 5);

    CHECK(SysStringLen(string) == 5);
    CHECK(std::equal(text, text + 6, string)); // with the terminator
    SysFreeString(string);
}

TEST_CASE("null is the empty string", "[virtual_server][bstr]")
{
    CHECK(SysAllocString(nullptr) == nullptr);
    CHECK(SysStringLen(nullptr) == 0);
    SysFreeString(nullptr);

    const _bstr_t null;
    CHECK(!null);
    CHECK(null.length() == 0);
    CHECK(null == L"");
    CHECK(null == _bstr_t(static_cast<const char*>(nullptr)));
    CHECK(static_cast<const char*>(null) == nullptr);
    CHECK(null.copy() == nullptr);
}

TEST_CASE("strings are converted from and to UTF-8", "[virtual_server][bstr]")
{
    const _bstr_t string("a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80");

    CHECK(string == L"a\u00FC\u20AC\U0001F600");
    CHECK(string.length() == 4);
    CHECK(std::string(static_cast<const char*>(string)) == "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80");
}

TEST_CASE("what is no Unicode is replaced", "[virtual_server][bstr]")
{
    CHECK(_bstr_t("a\xFFz") == L"a\uFFFDz");
    CHECK(_bstr_t("\xC3") == L"\uFFFD");                               // cut
    CHECK(_bstr_t("\xC3z") == L"\uFFFDz");                             // not continued
    CHECK(_bstr_t("\xC0\xAF") == L"\uFFFD\uFFFD");                     // longer than need be
    CHECK(_bstr_t("\xED\xA0\x80") == L"\uFFFD\uFFFD\uFFFD");           // a surrogate
    CHECK(_bstr_t("\xF4\x90\x80\x80") == L"\uFFFD\uFFFD\uFFFD\uFFFD"); // beyond Unicode
    const wchar_t surrogate[] = {0xD800, 0};
    CHECK(std::string(static_cast<const char*>(_bstr_t(surrogate))) == "\xEF\xBF\xBD");
}

TEST_CASE("a _bstr_t owns its string", "[virtual_server][bstr]")
{
    _bstr_t first(L"text");
    _bstr_t copy = first;
    CHECK(copy == first);
    CHECK(copy.GetBSTR() != first.GetBSTR());

    const BSTR plain = first.GetBSTR();
    _bstr_t moved = std::move(first);
    CHECK(moved.GetBSTR() == plain);
    copy = L"other";
    CHECK((copy == "other" && copy != L"text" && copy != moved));

    BSTR detached = moved.Detach();
    CHECK(!moved);
    moved.Attach(detached);
    CHECK(std::string(static_cast<const char*>(moved)) == "text");
    *moved.GetAddress() = SysAllocString(L"new");
    CHECK(std::string(static_cast<const char*>(moved)) == "new");
    const _bstr_t taken(SysAllocString(L"taken"), false);
    const _bstr_t copied(taken.GetBSTR(), true);
    CHECK(taken == copied);
}

TEST_CASE("several threads convert one string", "[virtual_server][bstr]")
{
    const _bstr_t string(L"text");
    std::array<std::string, 4> results;
    std::array<std::thread, 4> threads;
    for (std::size_t i = 0; i < threads.size(); ++i)
        threads[i] = std::thread([&, i] { results[i] = static_cast<const char*>(string); });
    for (std::thread& thread : threads) thread.join();

    for (const std::string& result : results) CHECK(result == "text");
}
