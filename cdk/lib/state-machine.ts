import { readFileSync } from 'node:fs';
import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Role } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import {
  CfnStateMachine,
  CfnStateMachineAlias,
  CfnStateMachineVersion,
  DefinitionBody,
  LogLevel,
  StateMachine,
  StateMachineType,
} from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Environment } from './environment.ts';
import { acknowledgeWildcard, sameAccountService } from './iam.ts';
import { LIVE } from './task-function.ts';

/** The errors of a state if a quota of Rekognition or Lambda is exhausted. */
const THROTTLED = ['Recognition.Throttled', 'Lambda.TooManyRequestsException'];

export interface MachineProps {
  readonly environment: Environment;
  /** The machine's name, unique in account and region. */
  readonly stateMachineName: string;
  readonly comment: string;
  /** Has a placeholder such as `${DetectLabelsFunctionArn}` for each function. */
  readonly definition: Definition;
  /** The values of the placeholders. */
  readonly substitutions: Readonly<Record<string, string>>;
  readonly role: Role;
  /** How long the execution log is kept, in days. */
  readonly logRetentionDays: RetentionDays;
}

/** A role for a machine, without permissions yet. */
export function machineRole(scope: Construct): Role {
  const role = new Role(scope, 'Role', { assumedBy: sameAccountService(scope, 'states', stateMachineArn(scope, '*')) });
  acknowledgeWildcard(role, '*', 'Step Functions delivers logs and traces by actions that have no resources (logs:CreateLogDelivery, xray:PutTraceSegments, …); the tests list them.');
  return role;
}

/** A standard state machine with tracing and a log without execution data. */
export function makeMachine(scope: Construct, props: MachineProps): StateMachine {
  const destination = new LogGroup(scope, 'Logs', {
    // With this prefix, the account's resource policy for log delivery does not grow with each log group.
    logGroupName: `/aws/vendedlogs/states/${props.stateMachineName}`,
    retention: props.logRetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const { throttledAttempts } = props.environment;
  if (throttledAttempts !== undefined) props.definition.withRetriers(THROTTLED, { MaxAttempts: throttledAttempts });
  return new StateMachine(scope, 'StateMachine', {
    comment: props.comment,
    definitionBody: DefinitionBody.fromString(props.definition.toString()),
    definitionSubstitutions: { ...props.substitutions },
    // Execution data contains detected text and task tokens.
    logs: { destination, level: LogLevel.ALL, includeExecutionData: false },
    role: props.role,
    stateMachineName: props.stateMachineName,
    stateMachineType: StateMachineType.STANDARD,
    tracingEnabled: true,
  });
}

/** The ARN of a machine from its name, for functions that the machine calls: they must exist before it. */
export function stateMachineArn(scope: Construct, name: string): string {
  return Stack.of(scope).formatArn({ service: 'states', resource: 'stateMachine', resourceName: name, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
}

/**
 * The executions of a machine as an IAM resource.
 *
 * @param machine the machine's name, or `name/label` for the child executions of a distributed Map.
 */
export function executionArns(scope: Construct, machine: string): string {
  return Stack.of(scope).formatArn({ service: 'states', resource: 'execution', resourceName: `${machine}:*`, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
}

/** {@link executionArns} as cdk-nag writes it in findings. */
export function executionsInFindings(machine: string): string {
  return `arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:${machine}:*`;
}

/** The fields of one state. */
type State = Record<string, unknown>;

/**
 * A state machine definition into which numbers from the settings can be inserted. They must be inserted before deployment:
 * CloudFormation substitutions produce strings, and the local engine accepts only plain numbers.
 */
export class Definition {
  private readonly parsed: unknown;

  /** @param text the ASL, as JSON. */
  constructor(text: string) {
    this.parsed = JSON.parse(text);
  }

  static read(file: string): Definition {
    return new Definition(readFileSync(file, 'utf8'));
  }

  /**
   * Sets fields of the one state of this name, at any depth.
   *
   * @throws Error if there is not exactly one.
   */
  withState(name: string, fields: Readonly<Record<string, number>>): this {
    return this.set(`state ${name}`, fields, (found) => found === name);
  }

  /**
   * Sets fields of the one state of this type, at any depth.
   *
   * @throws Error if there is not exactly one.
   */
  withType(type: string, fields: Readonly<Record<string, number>>): this {
    return this.set(`state of type ${type}`, fields, (_, state) => state.Type === type);
  }

  /**
   * Sets fields of every retrier of any of these errors, in all states.
   *
   * @throws Error if there is none.
   */
  withRetriers(errors: readonly string[], fields: Readonly<Record<string, number>>): this {
    const retriers = statesOf(this.parsed)
      .flatMap(([, state]) => (Array.isArray(state.Retry) ? (state.Retry as unknown[]) : []))
      .filter(isObject)
      .filter(({ ErrorEquals }) => Array.isArray(ErrorEquals) && errors.some((error) => ErrorEquals.includes(error)));
    if (retriers.length === 0) throw new Error(`the state machine must retry ${errors.join(' or ')}, but does not`);
    for (const retrier of retriers) Object.assign(retrier, fields);
    return this;
  }

  toString(): string {
    return JSON.stringify(this.parsed, undefined, 2);
  }

  private set(what: string, fields: Readonly<Record<string, number>>, matches: (name: string, state: State) => boolean): this {
    const found = statesOf(this.parsed).filter(([name, state]) => matches(name, state));
    if (found.length !== 1) throw new Error(`the state machine must have one ${what}, but has ${found.length}`);
    for (const [, state] of found) Object.assign(state, fields);
    return this;
  }
}

function statesOf(node: unknown): [string, State][] {
  if (!isObject(node)) return [];
  const within = Object.values(node).flatMap(statesOf);
  const own = isObject(node.States) ? Object.entries(node.States) : [];
  return [...own.filter((entry): entry is [string, State] => isObject(entry[1])), ...within];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** How a release takes over: first for a share of the executions, or for all at once. */
export const RELEASE_MODES = ['canary', 'at-once'] as const;
export type ReleaseMode = (typeof RELEASE_MODES)[number];

export interface MachineReleaseProps {
  readonly stateMachine: StateMachine;
  readonly mode: ReleaseMode;
  /** If it is in ALARM, Step Functions rolls a canary back. */
  readonly alarm: Alarm | undefined;
}

/**
 * Ten percent is enough to show a release that fails, and 15 minutes is longer than the retries of a failing state. Throttled states are
 * retried for hours, so a burst does not roll a release back.
 */
const CANARY = { percentage: 10, interval: 15 };

/** A version of the machine for each release, kept for a rollback, and the alias that starts new executions. */
export class MachineRelease extends Construct {
  readonly aliasArn: string;

  constructor(scope: Construct, id: string, props: MachineReleaseProps) {
    super(scope, id);
    const machine = props.stateMachine.node.defaultChild;
    if (!(machine instanceof CfnStateMachine)) throw new TypeError('the state machine has no CfnStateMachine');
    const version = new CfnStateMachineVersion(this, 'Version', {
      stateMachineArn: machine.attrArn,
      // A new revision replaces this resource; the removal policy keeps the previous version.
      stateMachineRevisionId: machine.attrStateMachineRevisionId,
    });
    version.applyRemovalPolicy(RemovalPolicy.RETAIN);
    const alias = new CfnStateMachineAlias(this, 'Live', { name: LIVE, deploymentPreference: preference(version.attrArn, props) });
    this.aliasArn = alias.ref;
  }
}

/** The mode at-once is for repairs: Step Functions rolls a canary back while the alarm is in ALARM, even if an earlier release caused that. */
function preference(stateMachineVersionArn: string, { mode, alarm }: MachineReleaseProps): CfnStateMachineAlias.DeploymentPreferenceProperty {
  if (mode === 'at-once') return { type: 'ALL_AT_ONCE', stateMachineVersionArn };
  return { type: 'CANARY', ...CANARY, stateMachineVersionArn, ...(alarm && { alarms: [alarm.alarmName] }) };
}
