/// The shells for which there is a completion.
enum CompletionShell: String, OptionValue, CaseIterable {
    case bash
    case zsh
    case fish

    /// What the shell has to read: it asks the executable itself for every word, so that it cannot know anything else
    /// than the executable does.
    var script: String {
        switch self {
        case .bash: Self.bashScript
        case .zsh: Self.zshScript
        case .fish: Self.fishScript
        }
    }

    private static let bashScript = #"""
        # bash completion for lodestone; read it with: source <(lodestone completion bash)
        _lodestone() {
            local line=${COMP_LINE:0:COMP_POINT} program current glue='' char candidate directive
            local -a words=() lines=()
            read -ra words <<<"$line"
            [[ $line == *[[:space:]] ]] && words+=("")
            current=${words[${#words[@]} - 1]}
            program=${words[0]/#\~/$HOME}
            COMPREPLY=()
            mapfile -t lines < <("$program" __complete "${words[@]:1}" 2>/dev/null </dev/null)
            ((${#lines[@]})) || return 0
            directive=${lines[${#lines[@]} - 1]#:}
            unset "lines[${#lines[@]} - 1]"
            # What readline takes for the word begins behind the last = or : of it.
            for char in = :; do
                if [[ $COMP_WORDBREAKS == *"$char"* && $current == *"$char"* ]]; then
                    candidate=${current%"${current##*"$char"}"}
                    ((${#candidate} > ${#glue})) && glue=$candidate
                fi
            done
            if ((directive & 16)); then
                compopt -o filenames
                mapfile -t COMPREPLY < <(compgen -d -- "${current#"$glue"}")
            elif ((!(directive & 4))); then
                compopt -o filenames
                mapfile -t COMPREPLY < <(compgen -f -- "${current#"$glue"}")
            else
                ((directive & 2)) && compopt -o nospace
                for candidate in "${lines[@]}"; do
                    candidate=${candidate%%$'\t'*}
                    COMPREPLY+=("${candidate#"$glue"}")
                done
            fi
            return 0
        }
        complete -F _lodestone lodestone

        """#

    private static let zshScript = #"""
        #compdef lodestone
        # zsh completion for lodestone; as a file _lodestone in $fpath, or: source <(lodestone completion zsh)
        _lodestone() {
            local -a lines described extra
            local directive line word meaning
            lines=("${(@f)$(${~words[1]} __complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null </dev/null)}")
            directive=${lines[-1]#:}
            [[ $directive == <-> ]] || return 1
            lines[-1]=()
            if (( directive & 16 )); then
                compset -P '--*='
                _files -/
                return
            elif (( ! (directive & 4) )); then
                compset -P '--*='
                _files
                return
            fi
            (( directive & 2 )) && extra=(-S '')
            for line in "${lines[@]}"; do
                word=${line%%$'\t'*}
                meaning=''
                [[ $line == *$'\t'* ]] && meaning=${line#*$'\t'}
                described+=("${word//:/\\:}${meaning:+:$meaning}")
            done
            (( $#described )) || return 1
            _describe -t lodestone lodestone described "${extra[@]}"
        }
        if [[ ${funcstack[1]} == _lodestone ]]; then
            _lodestone "$@"
        else
            compdef _lodestone lodestone
        fi

        """#

    private static let fishScript = #"""
        # fish completion for lodestone; read it with: lodestone completion fish | source
        function __lodestone_complete
            set -l words (commandline -opc)
            set -l current (commandline -ct)
            set -l lines ($words[1] __complete $words[2..-1] "$current" 2>/dev/null </dev/null)
            test (count $lines) -gt 0; or return
            set -l directive (string sub -s 2 -- $lines[-1])
            set -e lines[-1]
            if test "$directive" = 0; or test "$directive" = 16
                set -l lead (string match -r -- '^--[^=]*=' $current)
                set -l path (string replace -- "$lead" '' $current)
                for file in (__fish_complete_path $path)
                    echo "$lead$file"
                end
                return
            end
            printf '%s\n' $lines
        end
        complete -c lodestone -e
        complete -c lodestone -f -a '(__lodestone_complete)'

        """#
}
