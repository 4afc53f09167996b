# Completion of kunci in bash 4.4 or newer: kunci completions bash

_kunci() {
    local -a found
    local line
    COMPREPLY=()
    mapfile -t found < <(kunci complete "$COMP_CWORD" -- "${COMP_WORDS[@]:0:COMP_CWORD}" "$2" 2> /dev/null)
    # Files are readline's own: it quotes their names.
    [[ ${found[0]-} == files ]] && return
    compopt +o default 2> /dev/null
    for line in "${found[@]:1}"; do
        COMPREPLY+=("${line%%$'\t'*}")
    done
}
complete -o default -o nosort -F _kunci kunci
