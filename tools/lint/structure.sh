#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tools/lint/structure.sh: the rules of the rooms (README, "The map"), as far as grep can tell.
#
# Usage: tools/lint/structure.sh CC CFLAGS...
# - every header compiles alone
# - kernel/ has no assembly and knows the machine only by arch/x86/arch.h
# - lib/ needs nothing from outside; pvops/ nothing from kernel/
# - every file of ours says its licence, and each source file its name and purpose
# - no backend is chosen by #ifdef; no TODO is left
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

failed=0
complain() {
    sed "s|\$|: $1|"
    failed=1
}
# Lines of `git grep` that should not be there.
forbid() {
    local why=$1 found
    shift
    found=$(git grep -nE "$@") && complain "$why" <<<"$found"
}

for header in $(git ls-files '*.h' ':!tests/unit'); do
    "$@" -fsyntax-only -x c "$header" || complain "does not compile alone" <<<"$header"
done

forbid "kernel/ has no assembly" '\b(asm|__asm__)\b *(volatile|inline|goto|\()' -- 'kernel/*.[ch]'
forbid "kernel/ knows the machine by arch/x86/arch.h only" '#include "arch/' -- 'kernel/*.[ch]' \
    ':!kernel/kernel.h'
forbid "kernel/ uses pvops.h only, through arch.h" '#include "pvops/' -- 'kernel/*.[ch]'
forbid "lib/ stands alone" '#include "(kernel|arch|pvops|user)/' -- 'lib/'
forbid "pvops/ does not know kernel/: see host.h" '#include "kernel/' -- 'pvops/'
forbid "no backend is chosen by the preprocessor" '^#\s*if' -- 'kernel/*.c' 'arch/**/*.c' 'pvops/*.c' 'lib/*.c'
forbid "no TODO is left" '\b(TODO|FIXME|XXX|HACK)\b' -- ':!tools/lint/structure.sh'

for file in $(git ls-files ':!LICENSE' ':!*.md' ':!*.def' ':!*.patch' ':!.gitignore' ':!.editorconfig' \
    ':!user/README.initrd'); do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || complain "no SPDX line" <<<"$file"
    case $file in
    tests/* | *.py) continue ;;
    *.c | *.h | *.asm | *.inc | *.sh | *.ld)
        head -n 4 "$file" | grep -qF "$file: " || complain "its head does not say what it is for" <<<"$file"
        ;;
    esac
done

exit "$failed"
