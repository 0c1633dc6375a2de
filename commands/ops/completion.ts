import { Argument, type Command, type Option } from "commander";
import { addVerb, StackArgument } from "./verb";

/** `completion`: what bash completes at the Tab key. */

export function addCompletion(program: Command): void {
  addVerb(program, "completion", {
    does: "print a bash function `ops`, short for `npm run ops --`, with Tab completion",
    examples: ["bash"],
    notes: [
      "In ~/.bashrc, with the folder of this program:",
      '  eval "$(npm run --silent --prefix FOLDER ops -- completion bash)"',
      "Then `ops re<Tab>` completes verbs, options, services and the stacks that have a Pulumi.NAME.yaml.",
    ].join("\n"),
    takesStack: false,
  })
    .addArgument(new Argument("<shell>", "which").choices(["bash"]))
    .action(() => {
      process.stdout.write(bashCompletion(program, process.cwd()));
    });
}

/**
 * The function `ops`, and what completes its words; all from the verbs themselves.
 *
 * @param folder where package.json and the stacks' files are
 */
export function bashCompletion(program: Command, folder: string): string {
  const verbs = program.commands.map((command) => command.name());
  return [
    `# ${program.name()}, as the function ops with completion; printed by its verb "completion".`,
    `_ops_folder=${quoted(folder)}`,
    `ops() { npm run --silent --prefix "$_ops_folder" ops -- "$@"; }`,
    script,
    "_ops_verb() { # VERB",
    "  case $1 in",
    `    '') _ops_places=(${quoted(verbs.join(" "))}) _ops_options='--help' ;;`,
    ...program.commands.map((command) => `    ${command.name()}) ${wordsOf(command)} ;;`),
    "  esac",
    "}",
    "complete -o default -F _ops ops",
    "",
  ].join("\n");
}

function wordsOf(command: Command): string {
  const options = [...command.options.map(nameOf), "--help"];
  const valued = command.options.filter((option) => option.required).map(nameOf);
  const places = command.registeredArguments.map((argument) => quoted(choicesOf(argument)));
  return [
    `_ops_options=${quoted(options.join(" "))}`,
    `_ops_valued=${quoted(valued.join(" "))}`,
    `_ops_places=(${places.join(" ")})`,
    // What stands behind such an argument is for another program.
    `_ops_rest=${command.registeredArguments.some(({ variadic }) => variadic) ? "yes" : "no"}`,
  ].join(" ");
}

function nameOf({ long, flags }: Option): string {
  return long ?? flags;
}

/** Words for an argument: `@stacks` for the names of stacks; none where bash completes a file. */
function choicesOf(argument: Argument): string {
  if (argument instanceof StackArgument) return "@stacks";
  return argument.argChoices?.join(" ") ?? "";
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const script = `
_ops_stacks() {
  local file
  for file in "$_ops_folder"/Pulumi.*.yaml; do
    file=\${file##*/Pulumi.}
    file=\${file%.yaml}
    # compgen expands its words: a branch must not bring a command in a file's name.
    [[ $file =~ ^[A-Za-z0-9._-]+$ ]] || continue
    printf '%s ' "$file"
  done
}

_ops() {
  local word=\${COMP_WORDS[COMP_CWORD]} before='' verb='' place=0 index choices
  local _ops_options='' _ops_valued='' _ops_places=() _ops_rest=no
  COMPREPLY=()
  _ops_verb ''
  for ((index = 1; index < COMP_CWORD; index++)); do
    before=\${COMP_WORDS[index]}
    if [[ " $_ops_valued " == *" $before "* ]]; then
      ((++index < COMP_CWORD)) || break
      before=''
    elif [[ $before == -* ]]; then
      continue
    elif [[ -z $verb ]]; then
      verb=$before
      _ops_places=()
      _ops_verb "$verb"
    else
      ((++place))
    fi
  done
  if [[ $place -gt 0 && $_ops_rest == yes ]]; then
    return
  elif [[ $before == --stack ]]; then
    choices=$(_ops_stacks)
  elif [[ -n $before && " $_ops_valued " == *" $before "* ]]; then
    return
  elif [[ $word == -* ]]; then
    choices=$_ops_options
  else
    choices=\${_ops_places[place]-}
    [[ $choices != @stacks ]] || choices=$(_ops_stacks)
  fi
  COMPREPLY=($(compgen -W "$choices" -- "$word"))
}
`;
