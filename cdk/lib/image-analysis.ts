import { Duration } from 'aws-cdk-lib';
import { Grant } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Alarms } from './alarms.ts';
import type { Environment } from './environment.ts';
import { pascalCase, type FunctionName } from './function-names.ts';
import { acknowledgeWildcard } from './iam.ts';
import { errorRate } from './metrics.ts';
import { Definition, executionArns, executionsInFindings, MachineRelease, machineRole, makeMachine, type ReleaseMode } from './state-machine.ts';
import type { TaskFunction } from './task-function.ts';

export interface ImageAnalysisProps {
  readonly environment: Environment;
  readonly alarms: Alarms;
  /** How a release takes over. */
  readonly releaseMode: ReleaseMode;
  /** The machine's name, unique in account and region. */
  readonly stateMachineName: string;
  /** Path of the ASL file, with a placeholder such as `${DetectLabelsFunctionArn}` for each function. */
  readonly definitionFile: string;
  /** The functions that the definition calls. */
  readonly functions: ReadonlyMap<FunctionName, TaskFunction>;
  /** How long AwaitReview waits, in seconds. */
  readonly reviewTimeoutSeconds: number;
  /** How long the execution log is kept, in days. */
  readonly logRetentionDays: RetentionDays;
}

/** The state machine that analyses an upload and writes its record. */
export class ImageAnalysis extends Construct {
  readonly stateMachine: StateMachine;
  /** ARN that new executions are started with: the live alias, or the machine itself if the environment has no aliases. */
  readonly liveArn: string;
  private readonly name: string;

  constructor(scope: Construct, id: string, props: ImageAnalysisProps) {
    super(scope, id);
    this.name = props.stateMachineName;
    const role = machineRole(this);
    for (const task of props.functions.values()) task.grantInvokeVersions(role);
    this.stateMachine = makeMachine(this, {
      environment: props.environment,
      stateMachineName: this.name,
      comment: 'sightline: analyses an upload and writes one merged record',
      definition: Definition.read(props.definitionFile).withState('AwaitReview', { TimeoutSeconds: props.reviewTimeoutSeconds }),
      substitutions: substitutions(props.functions),
      role,
      logRetentionDays: props.logRetentionDays,
    });
    this.liveArn = this.release(props);
  }

  private release({ alarms, environment, releaseMode }: ImageAnalysisProps): string {
    const { stateMachine } = this;
    const metric = errorRate(stateMachine, Duration.minutes(5));
    const alarm = alarms.raiseAbove('error-rate', { metric, above: 1, description: 'More than 1 % of the executions have failed or timed out.' });
    if (!environment.hasMachineVersions) return stateMachine.stateMachineArn;
    return new MachineRelease(this, 'Release', { stateMachine, mode: releaseMode, alarm }).aliasArn;
  }

  /** Lets the function start executions, and sets the variable STATE_MACHINE_ARN. */
  grantStart(grantee: TaskFunction): void {
    // The permission is on the machine, whichever alias or version is started.
    Grant.addToPrincipal({ grantee, actions: ['states:StartExecution'], resourceArns: [this.stateMachine.stateMachineArn] });
    grantee.fn.addEnvironment('STATE_MACHINE_ARN', this.liveArn);
  }

  /** Lets the function read the status and the history of executions. */
  grantDescribeExecutions(grantee: TaskFunction): void {
    Grant.addToPrincipal({ grantee, actions: ['states:DescribeExecution', 'states:GetExecutionHistory'], resourceArns: [executionArns(this, this.name)] });
    acknowledgeWildcard(grantee, executionsInFindings(this.name), 'Names of executions are random; the statement allows only executions of this one machine.');
  }

  /** Lets the function list, redrive and stop executions, and sets the variable of the machine's own ARN. */
  grantOperateExecutions(grantee: TaskFunction): void {
    const { stateMachineArn: arn } = this.stateMachine;
    Grant.addToPrincipal({ grantee, actions: ['states:ListExecutions'], resourceArns: [arn] });
    Grant.addToPrincipal({ grantee, actions: ['states:RedriveExecution', 'states:StopExecution'], resourceArns: [executionArns(this, this.name)] });
    grantee.fn.addEnvironment('LIVE_STATE_MACHINE_ARN', this.liveArn);
    grantee.fn.addEnvironment('STATE_MACHINE_ARN', arn);
  }

  /** Lets the function send the decision of a review to the execution that waits for it. */
  grantSendTaskSuccess(grantee: TaskFunction): void {
    Grant.addToPrincipal({ grantee, actions: ['states:SendTaskSuccess'], resourceArns: [this.stateMachine.stateMachineArn] });
  }
}

function substitutions(functions: ReadonlyMap<FunctionName, TaskFunction>): Record<string, string> {
  return Object.fromEntries([...functions].map(([name, task]) => [`${pascalCase(name)}FunctionArn`, task.version.functionArn]));
}
