import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Role } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge.ts';
import type { Definition } from './definition.ts';
import { ownService } from './own-service.ts';

export interface MachineProps {
  /** The machine's name, unique in account and region. */
  readonly stateMachineName: string;
  readonly comment: string;
  /** With a placeholder `${DetectLabelsFunctionArn}` for each function. */
  readonly definition: Definition;
  /** What stands for the placeholders. */
  readonly substitutions: Readonly<Record<string, string>>;
  readonly role: Role;
  /** How long the log of executions is kept, in days. */
  readonly logRetentionDays: RetentionDays;
}

/** The role of a machine, before it may anything. */
export function machineRole(scope: Construct): Role {
  const role = new Role(scope, 'Role', { assumedBy: ownService(scope, 'states', stateMachineArn(scope, '*')) });
  acknowledgeWildcard(role, '*', 'Step Functions delivers logs and traces through calls that know no resources (logs:CreateLogDelivery, xray:PutTraceSegments, …); the tests list them.');
  return role;
}

/** A standard state machine that logs all but data, and traces. Its order of work is written in the ASL file, not here. */
export function makeMachine(scope: Construct, props: MachineProps): StateMachine {
  const destination = new LogGroup(scope, 'Logs', {
    // Under this prefix the account's one resource policy for log delivery does not grow with each group.
    logGroupName: `/aws/vendedlogs/states/${props.stateMachineName}`,
    retention: props.logRetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  return new StateMachine(scope, 'StateMachine', {
    comment: props.comment,
    definitionBody: DefinitionBody.fromString(props.definition.toString()),
    definitionSubstitutions: { ...props.substitutions },
    // Execution data holds found text and task tokens.
    logs: { destination, level: LogLevel.ALL, includeExecutionData: false },
    role: props.role,
    stateMachineName: props.stateMachineName,
    stateMachineType: StateMachineType.STANDARD,
    tracingEnabled: true,
  });
}

/** The ARN of a machine by its name: for functions that the machine calls, and which therefore must exist before it. */
export function stateMachineArn(scope: Construct, name: string): string {
  return Stack.of(scope).formatArn({ service: 'states', resource: 'stateMachine', resourceName: name, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
}

/**
 * The executions of a machine, as a resource of IAM.
 *
 * @param machine the machine's name, or `name/part` for those that a distributed Map of it starts.
 */
export function executionArns(scope: Construct, machine: string): string {
  return Stack.of(scope).formatArn({ service: 'states', resource: 'execution', resourceName: `${machine}:*`, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
}

/** What cdk-nag calls {@link executionArns}. */
export function executionsInFindings(machine: string): string {
  return `arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:${machine}:*`;
}
