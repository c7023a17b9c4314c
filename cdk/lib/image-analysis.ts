import { Grant } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge.ts';
import { Definition } from './definition.ts';
import { pascalCase, type FunctionName } from './function-names.ts';
import { executionArns, executionsInFindings, machineRole, makeMachine } from './state-machine.ts';
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

/** The state machine that turns an upload into a record. */
export class ImageAnalysis extends Construct {
  readonly stateMachine: StateMachine;
  private readonly name: string;

  constructor(scope: Construct, id: string, props: ImageAnalysisProps) {
    super(scope, id);
    this.name = props.stateMachineName;
    const role = machineRole(this);
    for (const task of props.functions.values()) task.grantInvoke(role);
    this.stateMachine = makeMachine(this, {
      stateMachineName: this.name,
      comment: 'sightline: from an upload to a merged record',
      definition: Definition.read(props.definitionFile).withState('AwaitReview', { TimeoutSeconds: props.reviewTimeoutSeconds }),
      substitutions: substitutions(props.functions),
      role,
      logRetentionDays: props.logRetentionDays,
    });
  }

  /** What new executions are started with. */
  get liveArn(): string {
    return this.stateMachine.stateMachineArn;
  }

  /** Lets the function start executions, and tells it with what. */
  grantStart(grantee: TaskFunction): void {
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
  return Object.fromEntries([...functions].map(([name, task]) => [`${pascalCase(name)}FunctionArn`, task.fn.functionArn]));
}
