import { Duration } from 'aws-cdk-lib';
import { Grant } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge.ts';
import type { Bell } from './bell.ts';
import { Definition } from './definition.ts';
import type { Environment } from './environment.ts';
import { pascalCase, type FunctionName } from './function-names.ts';
import { MachineRelease, type ReleaseMode } from './machine-release.ts';
import { errorRate } from './metrics.ts';
import { executionArns, executionsInFindings, machineRole, makeMachine } from './state-machine.ts';
import type { TaskFunction } from './task-function.ts';

export interface ImageAnalysisProps {
  readonly environment: Environment;
  readonly bell: Bell;
  /** How a release takes over. */
  readonly releaseMode: ReleaseMode;
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

/** The state machine that turns an upload into a record. */
export class ImageAnalysis extends Construct {
  readonly stateMachine: StateMachine;
  /** What new executions are started with: what is released of the machine, where there are releases. */
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
      comment: 'sightline: from an upload to a merged record',
      definition: Definition.read(props.definitionFile).withState('AwaitReview', { TimeoutSeconds: props.reviewTimeoutSeconds }),
      substitutions: substitutions(props.functions),
      role,
      logRetentionDays: props.logRetentionDays,
    });
    this.liveArn = this.release(props);
  }

  private release({ bell, environment, releaseMode }: ImageAnalysisProps): string {
    const { stateMachine } = this;
    const metric = errorRate(stateMachine, Duration.minutes(5));
    const alarm = bell.watch('error-rate', { metric, over: 1, means: 'More than 1 % of the executions fail.' });
    if (!environment.machineReleases) return stateMachine.stateMachineArn;
    return new MachineRelease(this, 'Release', { stateMachine, mode: releaseMode, alarm }).aliasArn;
  }

  /** Lets the function start executions, and tells it with what. */
  grantStart(grantee: TaskFunction): void {
    // The right is one on the machine, whatever alias or version of it is named.
    Grant.addToPrincipal({ grantee, actions: ['states:StartExecution'], resourceArns: [this.stateMachine.stateMachineArn] });
    grantee.fn.addEnvironment('STATE_MACHINE_ARN', this.liveArn);
  }

  /** Lets the function see what became of an execution, and why. */
  grantLook(grantee: TaskFunction): void {
    Grant.addToPrincipal({ grantee, actions: ['states:DescribeExecution', 'states:GetExecutionHistory'], resourceArns: [executionArns(this, this.name)] });
    acknowledgeWildcard(grantee, executionsInFindings(this.name), 'Executions are named at random; the statement reads those of this one machine only.');
  }

  /** Lets the function tell a waiting execution what was decided. */
  grantTell(grantee: TaskFunction): void {
    Grant.addToPrincipal({ grantee, actions: ['states:SendTaskSuccess'], resourceArns: [this.stateMachine.stateMachineArn] });
  }
}

function substitutions(functions: ReadonlyMap<FunctionName, TaskFunction>): Record<string, string> {
  return Object.fromEntries([...functions].map(([name, task]) => [`${pascalCase(name)}FunctionArn`, task.version.functionArn]));
}
