#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes configure from configure.ac (needs autoconf and automake).
set -eu
cd "$(dirname "$0")"
mkdir -p build-aux
exec autoreconf -fi
