/**
 * Words of a command as one line that every login shell takes for the same words: sh, bash, zsh,
 * tcsh and fish. sshd hands the line to whichever the login has.
 *
 * A script goes as `["sh", "-c", SCRIPT, ...]`, so that only its quoting is the login shell's matter.
 */
export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

/**
 * A text as one word. Between single quotes tcsh replaces `!`, and fish takes `\` before some
 * characters away, so these two stand outside of them, as a single quote does.
 */
function quoted(word: string): string {
  if (/^[\w./:,-][\w./:,=-]*$/.test(word)) return word;
  if (word.includes("\n")) throw new Error(`tcsh can't quote a line break: ${word}`);
  return `'${word.replace(/['\\!]+/g, (run) => `'${run.replace(/./g, "\\$&")}'`)}'`;
}
