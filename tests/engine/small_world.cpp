// SPDX-License-Identifier: BSL-1.0
#include "small_world.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace vmtask::test {
namespace {

int digit(char written)
{
    if (written < '0' || written > '9') throw std::invalid_argument("no number of a task");
    return written - '0';
}

small_task parse_task(const std::string& text)
{
    std::istringstream words(text);
    std::string word;
    small_task task;
    if (!(words >> word) || word.size() != 2) throw std::invalid_argument("no claims: " + text);
    task.claims = {word[0], word[1]};
    while (words >> word) {
        if (word == "L") task.in_lane = true;
        else if (word.size() >= 2 && word[0] == 'P') task.whole = digit(word[1]);
        else if (word.size() == 2 && word[0] == 'A') task.after = digit(word[1]);
        else throw std::invalid_argument("no property of a task: " + word);
        if (word.size() == 3) task.is_posted_inside = word[2] == 'i';
    }
    return task;
}

small_event parse_event(const std::string& word)
{
    if (word.size() < 2) throw std::invalid_argument("no event: " + word);
    return {static_cast<small_verb>(word[0]), digit(word[1]), word.size() == 3 ? digit(word[2]) : -1};
}

std::string text_of(const small_task& task)
{
    std::string text{task.claims[0], task.claims[1]};
    if (task.in_lane) text += " L";
    if (task.whole >= 0) text += " P" + std::to_string(task.whole) + (task.is_posted_inside ? "i" : "");
    if (task.after >= 0) text += " A" + std::to_string(task.after);
    return text;
}

bool are_related(const small_world& world, std::size_t one, std::size_t other)
{
    const small_task& left = world.tasks[one];
    const small_task& right = world.tasks[other];
    if (left.in_lane && right.in_lane) return true;
    for (std::size_t i = 0; i < left.claims.size(); ++i)
        if (left.claims[i] != '.' && right.claims[i] != '.' && (left.claims[i] == 'x' || right.claims[i] == 'x'))
            return true;
    const auto number = static_cast<int>(one);
    return right.whole == number || right.after == number;
}

bool is_connected(const small_world& world)
{
    std::vector<bool> reached(world.tasks.size());
    reached[0] = true;
    for (std::size_t round = 0; round < world.tasks.size(); ++round)
        for (std::size_t one = 0; one < world.tasks.size(); ++one)
            for (std::size_t other = one + 1; other < world.tasks.size(); ++other)
                if ((reached[one] || reached[other]) && are_related(world, one, other))
                    reached[one] = reached[other] = true;
    return std::find(reached.begin(), reached.end(), false) == reached.end();
}

/// Of two worlds that differ by the resources' names, the one to walk.
bool is_first_of_twins(const small_world& world)
{
    for (const small_task& each : world.tasks)
        if (each.claims[0] != each.claims[1]) return each.claims[0] > each.claims[1];
    return true;
}

using events = std::vector<small_event>;

/// All orders in which tasks are posted by number, and each ends after its post.
void add_orders(const events& begin, int posted, int count, std::vector<events>& found)
{
    if (begin.size() == 2 * static_cast<std::size_t>(count)) found.push_back(begin);
    for (int task = 0; task <= posted && task < count; ++task) {
        const small_event next{task == posted ? small_verb::post : small_verb::end, task};
        if (std::find(begin.begin(), begin.end(), next) != begin.end()) continue;
        events longer = begin;
        longer.push_back(next);
        add_orders(longer, posted + (task == posted ? 1 : 0), count, found);
    }
}

std::vector<events> orders_of(int count)
{
    std::vector<events> found;
    add_orders({}, 0, count, found);
    return found;
}

/// Takes a number apart.
class digits {
public:
    explicit digits(std::uint64_t number) : rest_(number) {}
    int next(unsigned choices)
    {
        const std::uint64_t taken = rest_ % choices;
        rest_ /= choices;
        return static_cast<int>(taken);
    }

private:
    std::uint64_t rest_;
};

std::array<char, 2> next_claims(digits& number)
{
    constexpr std::string_view modes = ".sx";
    const char first = modes[static_cast<std::size_t>(number.next(3))];
    return {first, modes[static_cast<std::size_t>(number.next(3))]};
}

/// How many choices there are for the task of that number, beside its claims.
constexpr unsigned whole_choices(unsigned task)
{
    return 1 + 2 * task;
}

small_task next_task(digits& number, unsigned index)
{
    small_task task;
    task.claims = next_claims(number);
    task.in_lane = number.next(2) == 1;
    const int whole = number.next(whole_choices(index));
    task.whole = (whole + 1) / 2 - 1;
    task.is_posted_inside = whole > 0 && whole % 2 == 0;
    task.after = number.next(index + 1) - 1;
    return task;
}

constexpr std::uint64_t sets_of_three = 18ULL * (18 * whole_choices(1) * 2) * (18 * whole_choices(2) * 3);
constexpr unsigned orders_of_three = 15;

small_world next_world(digits& number)
{
    static const std::vector<events> orders = orders_of(3);
    small_world world;
    world.events = orders.at(static_cast<std::size_t>(number.next(orders_of_three)));
    for (unsigned index = 0; index < 3; ++index) world.tasks.push_back(next_task(number, index));
    return world;
}

small_world make_undisturbed(std::uint64_t number)
{
    digits left(number);
    return next_world(left);
}

/// An event at some point after the task's post, and what follows from it.
small_world make_disturbed(std::uint64_t number)
{
    digits left(number);
    small_world world = next_world(left);
    const int task = left.next(3);
    const int kind = left.next(5);
    const auto at = world.events.begin() + 1 + left.next(6);
    const auto is_post = [&](const small_event& each) { return each == small_event{small_verb::post, task}; };
    if (std::none_of(world.events.begin(), at, is_post)) return {};
    const auto place = at - world.events.begin();
    switch (kind) {
    case 0: world.events.insert(at, {small_verb::cancel, task}); break;
    case 1: world.events.insert(at, {small_verb::hold, task}); break; // until the end
    case 2:
        world.events.insert(at, {small_verb::hold, task});
        if (place + 2 >= static_cast<std::ptrdiff_t>(world.events.size())) return {};
        world.events.insert(world.events.begin() + place + 2, {small_verb::resume, task});
        break;
    default: world.events.insert(at, {small_verb::wait, task, (task + kind - 2) % 3}); break;
    }
    return world;
}

small_world make_four(std::uint64_t number)
{
    digits left(number);
    small_world world;
    for (int index = 0; index < 4; ++index) world.tasks.push_back({next_claims(left)});
    world.tasks.back().whole = 0;
    world.tasks.back().is_posted_inside = true;
    std::vector<int> ends{0, 1, 2, 3};
    for (auto choice = left.next(24); choice > 0; --choice) std::next_permutation(ends.begin(), ends.end());
    for (int task = 0; task < 4; ++task) world.events.push_back({small_verb::post, task});
    for (const int task : ends) world.events.push_back({small_verb::end, task});
    return world;
}

} // namespace

small_world small_world::parse(std::string_view text)
{
    const auto bar = text.find('|');
    if (bar == std::string_view::npos) throw std::invalid_argument("no events");
    small_world world;
    std::istringstream tasks{std::string(text.substr(0, bar))};
    for (std::string task; std::getline(tasks, task, ';');) world.tasks.push_back(parse_task(task));
    std::istringstream events{std::string(text.substr(bar + 1))};
    for (std::string word; events >> word;) world.events.push_back(parse_event(word));
    return world;
}

std::string small_world::text() const
{
    std::string text;
    for (const small_task& each : tasks) text += (text.empty() ? "" : "; ") + text_of(each);
    text += " |";
    for (const small_event& each : events) {
        text += {' ', static_cast<char>(each.verb)};
        text += std::to_string(each.task);
        if (each.awaited >= 0) text += std::to_string(each.awaited);
    }
    return text;
}

bool small_world::has(small_verb verb) const
{
    return std::any_of(events.begin(), events.end(), [&](const small_event& each) { return each.verb == verb; });
}

bool small_world::has_parts() const
{
    return std::any_of(tasks.begin(), tasks.end(), [](const small_task& each) { return each.whole >= 0; });
}

bool small_world::is_worth_walking() const
{
    // A part that comes after its whole is refused, and that is all that such a world shows.
    const auto is_senseless = [](const small_task& each) { return each.whole >= 0 && each.whole == each.after; };
    return !tasks.empty() && std::none_of(tasks.begin(), tasks.end(), is_senseless) && is_first_of_twins(*this)
        && is_connected(*this);
}

small_world_family undisturbed_worlds()
{
    return {"three tasks", sets_of_three * orders_of_three, make_undisturbed};
}

small_world_family disturbed_worlds()
{
    return {"three tasks and one event", sets_of_three * orders_of_three * 3 * 5 * 6, make_disturbed};
}

small_world_family worlds_of_four()
{
    return {"four tasks", 9ULL * 9 * 9 * 9 * 24, make_four};
}

} // namespace vmtask::test
