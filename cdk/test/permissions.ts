import type { Template } from 'aws-cdk-lib/assertions';
import { resourcesOf } from './app.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

interface Policy {
  readonly PolicyDocument: { readonly Statement: Statement[] };
  readonly Roles: { readonly Ref: string }[];
}

/** What the resources are called in the tests, for the names that CDK makes of them. */
const NAMES: readonly [RegExp, string][] = [
  [/ImagesBucket/, 'images'],
  [/DataKey/, 'key'],
  [/RecordsLabelIndex/, 'label-index'],
  [/TrendsTable/, 'trends'],
  [/Records[0-9A-F]{8}StreamArn/, 'records-stream'],
  [/GetAttRecords/, 'records'],
  [/^TopicsAlerts/, 'alerts'],
  [/^TopicsOperations/, 'operations'],
  [/^EventsDeadLetters/, 'dead-letters'],
  [/^TrendsUncounted/, 'uncounted'],
  [/Logs[0-9A-F]{8}$/, 'own-log'],
];

/** All that a role may do, one line for each action and resource: `s3:GetObject images/raw-uploads/*`. */
export function permissionsOf(template: Template, rolePrefix: string): string[] {
  const lines = resourcesOf(template, 'AWS::IAM::Policy')
    .map(([, resource]) => resource.Properties as unknown as Policy)
    .filter((policy) => policy.Roles.some((role) => role.Ref.startsWith(rolePrefix)))
    .flatMap((policy) => policy.PolicyDocument.Statement.flatMap(linesOf));
  return [...new Set(lines)].sort();
}

function linesOf(statement: Statement): string[] {
  const actions = [statement.Action].flat();
  const resources = [statement.Resource].flat().map(flat);
  const where = Object.entries(statement.Condition ?? {}).map(([operator, condition]) => conditionOf(operator, condition));
  const effect = statement.Effect === 'Allow' ? '' : `${statement.Effect} `;
  return actions.flatMap((action) => resources.map((resource) => `${effect}${action} ${resource}${where.join()}`));
}

/** ` via s3` for a key that only S3 may use for the role; any other condition as it is written. */
function conditionOf(operator: string, condition: Record<string, unknown>): string {
  const flattened = Object.fromEntries(Object.entries(condition).map(([key, value]) => [key, flat(value)]));
  const via = /^([a-z0-9]+)\.(<AWS::Region>|[a-z0-9-]+)\.amazonaws\.com$/.exec(flattened['kms:ViaService'] ?? '');
  if (operator === 'StringEquals' && via && Object.keys(condition).length === 1) return ` via ${via[1]}${via[2] === '<AWS::Region>' ? '' : `.${via[2]}`}`;
  return ` where ${operator} ${JSON.stringify(flattened)}`;
}

/** A value of a template in one line: references by their names in the tests, or flattened. */
export function flat(node: unknown): string {
  if (typeof node === 'string') return node;
  const [entry] = Object.entries(node as Record<string, unknown>);
  if (!entry) return '';
  const [kind, value] = entry;
  if (kind === 'Fn::Join') return ((value as [string, unknown[]])[1]).map(flat).join('');
  const name = kind === 'Fn::GetAtt' ? ((value as string[])[0] ?? '') : String(value);
  return NAMES.find(([pattern]) => pattern.test(name))?.[1] ?? `<${name.replace(/[0-9A-F]{8}$/, '')}>`;
}
