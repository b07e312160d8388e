// SPDX-License-Identifier: BSL-1.0
#include <vmtask/detail/awaited_tasks.hpp>

namespace vmtask::detail {

awaited_tasks::list::~list()
{
    for (task_record* const record : records) {
        if (record) release_reference(*record);
    }
}

void awaited_tasks::add(const task_handle& handle)
{
    const intrusive_ptr<task_record>& record = record_of(handle);
    list_->records.push_back(record.get());
    if (record) add_reference(*record);
}

} // namespace vmtask::detail
