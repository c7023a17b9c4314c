import { readFileSync } from 'node:fs';
import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge.ts';
import { pascalCase, type FunctionName } from './function-names.ts';
import { withReviewTimeout } from './review-timeout.ts';
import type { TaskFunction } from './task-function.ts';

export interface ImageAnalysisProps {
  /** The machine's name, unique in account and region. */
  readonly stateMachineName: string;
  /** Path of the ASL file: valid JSON, with a placeholder `${DetectLabelsFunctionArn}` for each function. */
  readonly definitionFile: string;
  /** The functions that the definition calls. */
  readonly functions: ReadonlyMap<FunctionName, TaskFunction>;
  /** How long AwaitReview waits, in seconds. */
  readonly reviewTimeoutSeconds: number;
  /** How long the log of executions is kept, in days. */
  readonly logRetentionDays: RetentionDays;
}

/** The state machine that turns an upload into a record. Its order of work is written in the ASL file, not here. */
export class ImageAnalysis extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: ImageAnalysisProps) {
    super(scope, id);
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('states.amazonaws.com') });
    for (const task of props.functions.values()) task.grantInvoke(role);
    acknowledgeWildcard(role, '*', 'Step Functions delivers logs and traces through calls that know no resources (logs:CreateLogDelivery, xray:PutTraceSegments, …); the tests list them.');
    this.stateMachine = new StateMachine(this, 'StateMachine', {
      comment: 'sightline: from an upload to a merged record',
      definitionBody: DefinitionBody.fromString(withReviewTimeout(readFileSync(props.definitionFile, 'utf8'), props.reviewTimeoutSeconds)),
      definitionSubstitutions: substitutions(props.functions),
      logs: { destination: this.logGroup(props), level: LogLevel.ALL, includeExecutionData: false },
      role,
      stateMachineName: props.stateMachineName,
      stateMachineType: StateMachineType.STANDARD,
      tracingEnabled: true,
    });
  }

  /** Without execution data: that holds found text and task tokens. */
  private logGroup(props: ImageAnalysisProps): LogGroup {
    return new LogGroup(this, 'Logs', {
      // Under this prefix the account's one resource policy for log delivery does not grow with each group.
      logGroupName: `/aws/vendedlogs/states/${props.stateMachineName}`,
      retention: props.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}

/** The ARN of a machine by its name: for functions that the machine calls, and which therefore must exist before it. */
export function stateMachineArn(scope: Construct, name: string): string {
  return Stack.of(scope).formatArn({ service: 'states', resource: 'stateMachine', resourceName: name, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
}

/** The executions of a machine, as a resource of IAM. */
export function executionArns(scope: Construct, name: string): string {
  return Stack.of(scope).formatArn({ service: 'states', resource: 'execution', resourceName: `${name}:*`, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
}

function substitutions(functions: ReadonlyMap<FunctionName, TaskFunction>): Record<string, string> {
  return Object.fromEntries([...functions].map(([name, task]) => [`${pascalCase(name)}FunctionArn`, task.fn.functionArn]));
}
