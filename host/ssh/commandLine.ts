/**
 * Words of a command as one line that every login shell splits into the same words: sh, bash, zsh,
 * tcsh and fish. sshd gives the line to the shell of the login.
 *
 * A script goes as `["sh", "-c", SCRIPT, ...]`, so that the login shell handles only its quotes.
 */
export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

/**
 * A text as one word. Between single quotes tcsh replaces `!`, and fish removes `\` before some
 * characters, so these two go outside the quotes, as a single quote does.
 */
function quoted(word: string): string {
  if (/^[\w./:,-][\w./:,=-]*$/.test(word)) return word;
  if (word.includes("\n")) throw new Error(`tcsh can't quote a line break: ${word}`);
  return `'${word.replace(/['\\!]+/g, (run) => `'${run.replace(/./g, "\\$&")}'`)}'`;
}
