// The completion script for bash. The library's own script evaluates the line that is being typed, so a
// `$(command)` in the line would run. The library's script also needs the package bash-completion. The script
// below only splits the line.

/**
 * The script for ~/.bashrc. Calls `tidemark complete -- WORD…`, and offers files if the call prints
 * nothing.
 */
export const bashScript = `# bash completion for tidemark
_tidemark_complete() {
  local -a words
  local line="\${COMP_LINE:0:COMP_POINT}" value
  read -r -a words <<< "$line"
  case "$line" in
    *[[:space:]]) words+=("") ;;
  esac
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    case "$value" in
      ""|:*) ;;
      *) COMPREPLY+=("$value") ;;
    esac
  done < <(command tidemark complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _tidemark_complete tidemark
`;
