/**
 * The programs that a command line names, as far as that can be told without running it. It names
 * too few rather than a wrong one: who asks wants to know which of them is not there. Pure.
 */

/** A file of shell, functions and another PATH can make a program of any word. */
const makesOthers = /(^|[\s;&|(])(PATH=|(\.|source|eval|alias)\s)|\(\s*\)|<</;

/** They stand before a command, or are run as a part of one. */
const openers = new Set(
  "! { } if then elif else while until do time exec command nohup env".split(" "),
);

const builtins = new Set(
  (
    ". : [ alias bg break case cd continue done echo esac eval exit export false fc fg fi for " +
    "function getopts hash in jobs kill local printf pwd read readonly return select set shift " +
    "test times trap true type ulimit umask unalias unset wait"
  ).split(" "),
);

const word = /(?:\\[\s\S]|'[^']*'|"(?:\\[\s\S]|[^"\\])*"|`[^`]*`|\$\([^()]*\)|[^\s;|&()<>'"`\\])+/;
const comment = /(?<![^\s;|&()])#[^\n]*/;
const redirection = new RegExp(`\\d*[<>][<>&|]*[ \\t]*(?:${word.source})?`);
const piece = new RegExp(
  `[ \\t]+|\\\\\\n|${comment.source}|${redirection.source}|(?<operator>[;|&()\\n])|(?<word>${word.source})`,
  "y",
);

/** In the order in which they stand there, each as it is written. */
export function findPrograms(command: string): readonly string[] {
  if (makesOthers.test(command)) return [];
  const words = findCommands(command);
  const leavesAt = words.indexOf("cd");
  const isElsewhere = (index: number) => leavesAt >= 0 && index > leavesAt;
  return words.filter(
    (each, index) =>
      /^[\w./@+:,][\w./@%+:,-]*$/.test(each) &&
      !builtins.has(each) &&
      !(isElsewhere(index) && /^[^/].*\//.test(each)),
  );
}

/** The first word of each command. */
function findCommands(command: string): readonly string[] {
  const words: string[] = [];
  let isDue = true;
  piece.lastIndex = 0;
  for (let found = piece.exec(command); found !== null; found = piece.exec(command)) {
    const { operator, word: each } = found.groups ?? {};
    if (operator !== undefined) isDue = true;
    if (each === undefined || !isDue || isOpener(each)) continue;
    isDue = false;
    words.push(each);
  }
  return words;
}

function isOpener(each: string): boolean {
  return openers.has(each) || /^[A-Za-z_]\w*=/.test(each);
}
