#compdef kunci
# Completion of kunci in zsh: kunci completions zsh

_kunci() {
    local -a found shown
    found=("${(@f)$(kunci complete $((CURRENT - 1)) -- "${(@Q)words[1,CURRENT]}" 2> /dev/null)}")
    case $found[1] in
        files) _files ;;
        words)
            # A colon parts a word from what it is.
            shown=("${(@)${(@)found[2,-1]//:/\\:}/$'\t'/:}")
            _describe kunci shown
            ;;
    esac
}

if [[ $funcstack[1] == _kunci ]]; then
    _kunci "$@"
else
    compdef _kunci kunci
fi
