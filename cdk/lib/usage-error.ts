/** Something the caller can put right. Its message is one sentence, and all that is printed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
