/** The package has no types; these are the parts that the tests use. */
declare module 'asl-validator' {
  export default function validate(definition: object): { readonly isValid: boolean; readonly errors: readonly unknown[] };
}
