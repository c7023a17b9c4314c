/** What is wrong with a value: where in it, and what should be there. */
export interface Complaint {
  /** The place within the value, such as `[2].action`; empty for the value as a whole. */
  readonly at: string;
  /** What it must be, to follow "must be". */
  readonly expected: string;
  /** What is there. */
  readonly found: unknown;
}

/** Looks at a value; nothing to complain of means that it is good. */
export type Check = (value: unknown) => Complaint | undefined;

const check =
  (expected: string, holds: (value: unknown) => boolean): Check =>
  (value) =>
    holds(value) ? undefined : { at: '', expected, found: value };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const inRange = (value: unknown, from: number, to: number): boolean => typeof value === 'number' && value >= from && value <= to;

export const aBoolean = check('true or false', (value) => typeof value === 'boolean');

export const aNumber = (from: number, to: number): Check => check(`a number from ${from} to ${to}`, (value) => inRange(value, from, to));

/** @param because why the range ends where it ends, in brackets behind it. */
export const aWholeNumber = (from: number, to: number, because?: string): Check =>
  check(`a whole number from ${from} to ${to}${because === undefined ? '' : ` (${because})`}`, (value) => Number.isInteger(value) && inRange(value, from, to));

export const oneOf = (allowed: readonly (string | number)[]): Check =>
  check(`one of ${allowed.join(', ')}`, (value) => allowed.some((one) => one === value));

/** A name as Rekognition writes them. */
export const aName = check(
  'a name of 1 to 100 letters, digits, spaces or - & \' , . ( ) /',
  (value) => typeof value === 'string' && /^[\p{L}\p{N}][\p{L}\p{N} \-&',.()/]{0,99}$/u.test(value),
);

const isBucketName = (value: unknown): boolean =>
  typeof value === 'string' && /^(?=.{3,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(value);

/** The ARN of a KMS key. IAM matches keys by this ARN only: an alias in a policy grants nothing. */
const aKeyArn = check(
  'the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID (not of an alias)',
  (value) => typeof value === 'string' && /^arn:aws:kms:[a-z]{2}(-[a-z]+)+-\d:\d{12}:key\/[A-Za-z0-9-]{1,128}$/.test(value),
);

/** A bucket to import from: its name by S3's rules, or an object of its name and its KMS key. */
export const anImportBucket: Check = (value) => {
  if (!isObject(value)) return check('the name of a bucket, or {"name": …, "kmsKeyArn": …}', isBucketName)(value);
  return anObjectOf({ name: check('the name of a bucket', isBucketName), kmsKeyArn: aKeyArn }, 'all')(value);
};

/** A list whose JSON fits into a function's environment, next to the rest: Lambda allows 4 KB in all. */
export const aListOf =
  (each: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return { at: '', expected: 'a list', found: value };
    for (const [index, item] of value.entries()) {
      const complaint = each(item);
      if (complaint) return { ...complaint, at: `[${index}]${complaint.at}` };
    }
    const bytes = Buffer.byteLength(JSON.stringify(value));
    return bytes <= 3072 ? undefined : { at: '', expected: 'at most 3072 bytes of JSON', found: `${bytes} bytes` };
  };

/** An object with exactly these keys, or with some of them. */
export const anObjectOf =
  (keys: Readonly<Record<string, Check>>, needed: 'all' | 'some'): Check =>
  (value) => {
    const expected = needed === 'all' ? `an object of ${Object.keys(keys).join(', ')}` : `an object by ${Object.keys(keys).join(', ')}`;
    if (!isObject(value)) return { at: '', expected, found: value };
    if (Object.keys(value).some((key) => !Object.hasOwn(keys, key))) return { at: '', expected, found: value };
    for (const [key, each] of Object.entries(keys)) {
      if (needed === 'some' && value[key] === undefined) continue;
      const complaint = each(value[key]);
      if (complaint) return { ...complaint, at: `.${key}${complaint.at}` };
    }
    return undefined;
  };
