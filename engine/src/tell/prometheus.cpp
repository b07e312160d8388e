// SPDX-License-Identifier: BSL-1.0
#include <vmtask/prometheus.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vmtask {
namespace {

/// With the fewest digits that say it exactly, in no country's way.
template <class Number>
std::string text_of(Number number)
{
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return {digits.data(), end};
}

std::string seconds_of(duration_histogram::duration duration)
{
    return text_of(std::chrono::duration<double>(duration).count());
}

std::string escaped(std::string_view label)
{
    std::string text;
    for (const char each : label) {
        if (each == '\n') {
            text += "\\n";
            continue;
        }
        if (each == '\\' || each == '"') text += '\\';
        text += each;
    }
    return text;
}

/// Writes metric after metric, each with what is said of it.
class exposition {
public:
    explicit exposition(std::string_view engine)
        : common_label_(engine.empty() ? "" : "engine=\"" + escaped(engine) + "\"")
    {
    }

    void counter(std::string_view name, std::string_view help, std::uint64_t value)
    {
        begin(name, help, "counter");
        sample(name, "", text_of(value));
    }

    void gauge(std::string_view name, std::string_view help, const std::string& value)
    {
        begin(name, help, "gauge");
        sample(name, "", value);
    }

    void histogram(std::string_view name, std::string_view help, const duration_histogram& durations)
    {
        begin(name, help, "histogram");
        const std::string base(name);
        std::uint64_t so_far = 0;
        for (std::size_t i = 0; i < durations.buckets.size(); ++i) {
            so_far += durations.buckets[i];
            sample(base + "_bucket", "le=\"" + seconds_of(duration_histogram::bound(i)) + "\"", text_of(so_far));
        }
        sample(base + "_bucket", "le=\"+Inf\"", text_of(durations.count));
        sample(base + "_sum", "", seconds_of(durations.sum));
        sample(base + "_count", "", text_of(durations.count));
    }

    void begin(std::string_view name, std::string_view help, std::string_view type)
    {
        ((text_ += "# HELP vmtask_") += name) += ' ';
        (text_ += help) += '\n';
        ((text_ += "# TYPE vmtask_") += name) += ' ';
        (text_ += type) += '\n';
    }

    void sample(std::string_view name, std::string_view label, std::string_view value)
    {
        (text_ += "vmtask_") += name;
        if (!common_label_.empty() || !label.empty()) {
            const std::string_view comma = common_label_.empty() || label.empty() ? "" : ",";
            (((text_ += '{') += common_label_) += comma) += label;
            text_ += '}';
        }
        ((text_ += ' ') += value) += '\n';
    }

    [[nodiscard]] std::string& text() noexcept { return text_; }

private:
    std::string common_label_;
    std::string text_;
};

void write_tasks(exposition& to, const metrics_snapshot& metrics)
{
    to.counter("tasks_posted_total", "Tasks posted.", metrics.tasks_posted);
    to.begin("tasks_ended_total", "Tasks ended, by how they did.", "counter");
    to.sample("tasks_ended_total", "state=\"succeeded\"", text_of(metrics.tasks_succeeded));
    to.sample("tasks_ended_total", "state=\"failed\"", text_of(metrics.tasks_failed));
    to.sample("tasks_ended_total", "state=\"cancelled\"", text_of(metrics.tasks_cancelled));
    to.counter("posts_withdrawn_total", "Posts that made no task.", metrics.posts_withdrawn);
    to.counter("attempts_repeated_total", "Failed attempts that another followed.", metrics.attempts_repeated);
    to.counter("tasks_evicted_total", "Ended tasks no longer listed.", metrics.tasks_evicted);
    to.begin("tasks", "Tasks that are queued, under way, or ended and still listed.", "gauge");
    to.sample("tasks", "state=\"queued\"", text_of(metrics.tasks_queued));
    to.sample("tasks", "state=\"under_way\"", text_of(metrics.tasks_under_way));
    to.sample("tasks", "state=\"ended\"", text_of(metrics.tasks_kept));
}

void write_workers(exposition& to, const metrics_snapshot& metrics)
{
    to.gauge("workers", "Worker threads.", text_of(metrics.workers));
    to.gauge("workers_blocked", "Worker threads that wait for a task, or are paused.",
             text_of(metrics.workers_blocked));
    to.counter("spare_workers_started_total", "Workers started in place of blocked ones.",
               metrics.spare_workers_started);
    to.counter("waits_compensated_total", "Waits that blocked a worker.", metrics.waits_compensated);
    to.counter("waits_refused_total", "Waits that could never have ended.", metrics.waits_refused);
}

void write_durations(exposition& to, const metrics_snapshot& metrics)
{
    to.histogram("task_queued_seconds", "From the post of a task to its begin.", metrics.queued);
    to.histogram("task_run_seconds", "From the begin of an attempt to its end.", metrics.run);
    to.histogram("task_cancel_seconds", "From an accepted cancel to the end.", metrics.cancel);
    to.histogram("event_loop_delay_seconds", "How long probes waited for the event loop.", metrics.event_loop_delay);
    to.gauge("event_loop_delay_latest_seconds", "The same of the latest probe, which may still wait.",
             seconds_of(metrics.event_loop_delay_latest));
}

} // namespace

std::string to_prometheus(const metrics_snapshot& metrics, std::string_view engine)
{
    exposition text(engine);
    write_tasks(text, metrics);
    write_workers(text, metrics);
    write_durations(text, metrics);
    return std::move(text.text());
}

} // namespace vmtask
