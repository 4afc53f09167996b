# Completion of kunci in fish: kunci completions fish

function __kunci_asked
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    kunci complete (count $words) -- $words (commandline --current-token) 2> /dev/null
end

function __kunci_wants_files
    set -l found (__kunci_asked)
    test "$found[1]" = files
end

function __kunci_words
    set -l found (__kunci_asked)
    test "$found[1]" = words; and set --query found[2]; and printf '%s\n' $found[2..-1]
end

complete --command kunci --no-files --keep-order --arguments '(__kunci_words)'
complete --command kunci --condition __kunci_wants_files --force-files
