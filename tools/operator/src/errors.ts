// What ends a command without a stack.

/** The words after the command are not what it takes: its usage is printed, the exit code is 2. */
export class UsageError extends Error {}

/** Something that an operator can understand without a stack: printed as one line, the exit code is 1. */
export class OperatorError extends Error {}
