// SPDX-License-Identifier: BSL-1.0
//
// Empty: a target needs a source file before it may precompile a header.
