// SPDX-License-Identifier: BSL-1.0
//
// Virtual Server 2005's task and disk interfaces, for code that was written
// against its header of this name. Usable from C++14 on; needs no other header
// of vmtask and no other library.
//
// What is not declared here is not there: see the README of this part.

#pragma once

#include <vmtask/virtual_server/bstr.hpp>
#include <vmtask/virtual_server/calls.hpp>
#include <vmtask/virtual_server/com_error.hpp>
#include <vmtask/virtual_server/com_ptr.hpp>
#include <vmtask/virtual_server/enum_variant.hpp>
#include <vmtask/virtual_server/hard_disk.hpp>
#include <vmtask/virtual_server/hresult.hpp>
#include <vmtask/virtual_server/server.hpp>
#include <vmtask/virtual_server/task.hpp>
#include <vmtask/virtual_server/task2.hpp>
#include <vmtask/virtual_server/task_collection.hpp>
#include <vmtask/virtual_server/unknown.hpp>
#include <vmtask/virtual_server/variant.hpp>
#include <vmtask/virtual_server/virtual_machine.hpp>
