// SPDX-License-Identifier: BSL-1.0

#include "command_line.hpp"

#include "quantity.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace vmtask::cli {

namespace {

constexpr const char* exit_codes =
    "Exit codes: 0 done, 1 failed, 2 usage, 3 timed out, 130 interrupted, 143 terminated\n"
    "(timed out, interrupted or terminated: it has stopped, and the disk is whole).";

/// Turns what a parser of ours says into what CLI11 expects of an option.
template <class Parse>
auto parse_option(const char* option, const std::string& text, Parse parse)
{
    try {
        return parse(text);
    } catch (const std::invalid_argument& error) {
        throw CLI::ValidationError(option, '\'' + text + "' " + error.what());
    }
}

std::string require_name(std::string_view path)
{
    if (path.empty()) throw std::invalid_argument("is no file name");
    return std::string(path);
}

bool require_dynamic(std::string_view type)
{
    if (type != "dynamic") throw std::invalid_argument("is a type that cannot be created; only dynamic can");
    return true;
}

std::uint32_t parse_block_size(std::string_view text)
{
    const std::uint64_t bytes = parse_disk_size(text);
    if (bytes > std::numeric_limits<std::uint32_t>::max()) throw std::invalid_argument("is too large");
    return static_cast<std::uint32_t>(bytes);
}

std::chrono::duration<double> parse_seconds(std::string_view text)
{
    double seconds = 0;
    const auto [rest, error] =
        std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
    if (error == std::errc::result_out_of_range) throw std::invalid_argument("is too large");
    if (error != std::errc() || rest != text.data() + text.size() || !(seconds <= std::numeric_limits<double>::max()))
        throw std::invalid_argument("is not a number of seconds, as in 90 or 0.5");
    if (seconds <= 0) throw std::invalid_argument("must be more than 0");
    return std::chrono::duration<double>(seconds);
}

/// What every command takes. Said of each, so that these options may stand
/// before the command and after it, and are in the help of both.
void add_common_options(CLI::App& app, command_line& line)
{
    app.add_flag("--json", line.json, "Tell machines: one JSON object a line, also of the progress");
    app.add_flag("--quiet", line.quiet, "Tell nothing but errors (with --json: nothing but the result)");
}

CLI::App& add_command(CLI::App& app, command_line& line, command which, const char* name, const char* description)
{
    CLI::App& added = *app.add_subcommand(name, description);
    added.group("Commands");
    added
        .add_option_function<std::string>(
            "DISK", [&line](const std::string& text) { line.disk = parse_option("DISK", text, require_name); },
            "The VHD file")
        ->required()
        ->type_name("");
    added.callback([&line, which] { line.command = which; });
    add_common_options(added, line);
    return added;
}

void add_create(CLI::App& app, command_line& line)
{
    CLI::App& create = add_command(app, line, command::create, "create", "Make a new, empty disk");
    create
        .add_option_function<std::string>(
            "--type", [](const std::string& text) { parse_option("--type", text, require_dynamic); },
            "How the disk keeps its data; only dynamic as yet")
        ->type_name("TYPE")
        ->default_str("dynamic");
    create
        .add_option_function<std::string>(
            "--size",
            [&line](const std::string& text) { line.size_bytes = parse_option("--size", text, parse_disk_size); },
            "What the guest sees: bytes, or with K, M, G or T (powers of 1024), as in 10G")
        ->required()
        ->type_name("SIZE");
    create
        .add_option_function<std::string>(
            "--block-size",
            [&line](const std::string& text) {
                line.block_size_bytes = parse_option("--block-size", text, parse_block_size);
            },
            "The unit in which the file grows")
        ->type_name("SIZE")
        ->default_str("2M");
}

void add_compact(CLI::App& app, command_line& line)
{
    CLI::App& compact = add_command(app, line, command::compact, "compact",
                                    "Make the file of a dynamic disk as short as its data allows, in place");
    compact
        .add_option_function<std::string>(
            "--timeout",
            [&line](const std::string& text) { line.timeout = parse_option("--timeout", text, parse_seconds); },
            "Stop when that many seconds have passed; the disk is whole then, too")
        ->type_name("SECONDS");
}

bool asks_for_json(int argc, const char* const* argv)
{
    const std::span arguments(argv, static_cast<std::size_t>(argc));
    const auto end = std::find(arguments.begin(), arguments.end(), std::string_view("--"));
    return std::find(arguments.begin(), end, std::string_view("--json")) != end;
}

/// CLI11 says that a command is required also where one is given that is none.
std::string reason_of(const CLI::App& app, const CLI::Error& error)
{
    if (!app.get_subcommands().empty()) return error.what();
    const std::vector<std::string> unknown = app.remaining();
    return unknown.empty() ? "a command is required" : "there is no command or option '" + unknown.front() + '\'';
}

usage_error make_usage_error(const CLI::App& app, const CLI::Error& error, bool as_json)
{
    std::string command = app.get_name();
    for (const CLI::App* chosen : app.get_subcommands()) command += ' ' + chosen->get_name();
    return usage_error("vmtask: " + reason_of(app, error) + "; see '" + command + " --help'", as_json);
}

/// CLI11's words, in ours.
void choose_words(CLI::App& app)
{
    CLI::FormatterBase& words = *app.get_formatter();
    words.label("SUBCOMMAND", "COMMAND");
    words.label("REQUIRED", "(required)");
}

} // namespace

command_line parse_command_line(int argc, const char* const* argv)
{
    command_line line;
    CLI::App app("Creates, compacts and describes VHD disks.", "vmtask");
    choose_words(app);
    app.set_version_flag("--version", "vmtask " VMTASK_VERSION_TEXT, "Tell the version");
    app.require_subcommand(1);
    app.footer(exit_codes);
    add_common_options(app, line);
    add_create(app, line);
    add_compact(app, line);
    add_command(app, line, command::info, "info", "Tell what there is to know about a disk");

    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        line.text = app.help();
    } catch (const CLI::CallForVersion& version) {
        line.text = version.what() + std::string("\n");
    } catch (const CLI::ParseError& error) {
        throw make_usage_error(app, error, asks_for_json(argc, argv));
    }
    return line;
}

} // namespace vmtask::cli
