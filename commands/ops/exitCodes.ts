/** What `npm run ops` ends with; the verbs that run a program on the host end as that program does. */
export const exitCodes = {
  /** Done; of `status` and `doctor`: all is well. */
  done: 0,
  /** Not done: the last lines on stderr say why. */
  failed: 1,
  /** A verb, option or argument that there is not, or a question that nobody could answer. */
  usage: 2,
  /** Of `status` and `doctor`: not all is well. */
  notWell: 3,
  /** A person said no. */
  declined: 4,
  /** Nobody read what the program on the host printed: 128 and SIGPIPE, as a shell has it. */
  unread: 141,
  /** The program on the host was not reached. */
  unreached: 255,
} as const;

/** The same for `--help`. */
export const exitCodesHelp = `
Exit codes:
  0    done; of status and doctor: all is well
  1    not done; stderr says why, such as another run that did not end within the two minutes that are waited
  2    wrong usage, or a question that nobody was there to answer (--yes)
  3    of status and doctor: not all is well
  4    a question was answered with no
  manage, shell, dbshell, createsuperuser, runserver and ssh end with the code of the program on the host,
  with 255 where it was not reached, or with 141 where nobody reads what it prints (| head).`;
