import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Grant, Role, ServicePrincipal, type IGrantable, type IRole } from 'aws-cdk-lib/aws-iam';
import { Alias, CfnFunction, Code, Function as LambdaFunction, LoggingFormat, Runtime, Tracing, type Version } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Schedule, type ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { ScheduleTargetBase, type ScheduleTargetBaseProps } from 'aws-cdk-lib/aws-scheduler-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { artefactOf, type Artefacts } from './environment.ts';
import { pascalCase, type FunctionName } from './function-names.ts';
import { acknowledgeWildcard, sameAccountService } from './iam.ts';
import { variablesOf, type Settings } from './settings.ts';

/** Name of the alias that points at the current release, for functions and for the state machine. */
export const LIVE = 'live';

/** The properties that all functions of one deployment share. */
export interface FunctionDefaults {
  readonly artefacts: Artefacts;
  readonly settings: Settings;
  /** The name of the deployment: a dimension of its metrics. */
  readonly deployment: string;
  /** Makes a new release of unchanged code, for example after a rollback. @default none */
  readonly releaseId: string | undefined;
}

export interface TaskFunctionProps {
  readonly defaults: FunctionDefaults;
  /** Selects the zip and the settings, and names the construct. */
  readonly name: FunctionName;
  readonly description: string;
  /** In MB, unless the settings override it. @default 128 */
  readonly memoryMb?: number;
  /** @default 60 seconds */
  readonly timeout?: Duration;
  /** Receives events of asynchronous invocations that failed for good. @default none: all callers invoke the function synchronously */
  readonly deadLetterQueue?: IQueue;
}

/**
 * A Rust function from a prebuilt zip, with its own role, which may write its log and its traces. The constructs that it uses grant
 * everything else. It never sets endpoints: a template that can redirect calls to AWS could also do so in production.
 */
export class TaskFunction extends Construct implements IGrantable {
  readonly fn: LambdaFunction;
  readonly logGroup: LogGroup;
  /** The version of this release, for state machines: an execution keeps the code that it started with. Later releases do not delete it. */
  readonly version: Version;
  /** The alias of the current release, for all other callers. */
  readonly live: Alias;
  readonly grantPrincipal: Role;

  constructor(scope: Construct, props: TaskFunctionProps) {
    super(scope, `${pascalCase(props.name)}Function`);
    const { artefacts, deployment, releaseId, settings } = props.defaults;
    this.logGroup = new LogGroup(this, 'Logs', { retention: settings.logRetentionDays, removalPolicy: RemovalPolicy.DESTROY });
    this.grantPrincipal = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.logGroup.grantWrite(this);
    this.fn = new LambdaFunction(this, 'Function', {
      architecture: artefacts.architecture,
      code: Code.fromAsset(artefactOf(artefacts, props.name)),
      // Lambda does not publish a second version of the same code and configuration. The description is part of the configuration, so the release id makes a new version.
      description: releaseId === undefined ? props.description : `${props.description} (release ${releaseId})`,
      ...(props.deadLetterQueue && { deadLetterQueue: props.deadLetterQueue }),
      environment: { ...variablesOf(props.name, settings), DEPLOYMENT: deployment },
      handler: 'bootstrap',
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      memorySize: settings.functionMemoryMb[props.name] ?? props.memoryMb ?? 128,
      role: this.grantPrincipal,
      runtime: Runtime.PROVIDED_AL2023,
      timeout: props.timeout ?? Duration.seconds(60),
      tracing: Tracing.ACTIVE,
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    });
    this.version = this.fn.currentVersion;
    this.live = new Alias(this, 'Live', { aliasName: LIVE, version: this.version });
    this.node.addValidation({ validate: () => this.reservedVariables() });
    acknowledgeWildcard(this, '*', 'X-Ray has no resources for PutTraceSegments and PutTelemetryRecords; the tests list every action that a role may use on "*".');
  }

  /** Lets a caller invoke the current release. */
  grantInvokeLive(grantee: IGrantable): void {
    // Not Alias.grantInvoke: that would add a wildcard.
    Grant.addToPrincipal({ grantee, actions: ['lambda:InvokeFunction'], resourceArns: [this.live.functionArn] });
  }

  /** Lets a state machine invoke every version: executions of earlier releases may still run or be redriven. */
  grantInvokeVersions(role: Role): void {
    Grant.addToPrincipal({ grantee: role, actions: ['lambda:InvokeFunction'], resourceArns: [`${this.fn.functionArn}:*`] });
    const { node } = this.fn;
    if (!(node.defaultChild instanceof CfnFunction)) throw new TypeError('the function has no CfnFunction');
    const logicalId = Stack.of(this).getLogicalId(node.defaultChild);
    acknowledgeWildcard(role, `<${logicalId}.Arn>:*`, 'The wildcard matches the versions of one function: executions of earlier releases call earlier versions.');
  }

  /** Checks the synthesised resource, so that no way of setting a variable bypasses it. */
  private reservedVariables(): string[] {
    const resource = this.fn.node.defaultChild;
    if (!(resource instanceof CfnFunction)) return [];
    const environment = Stack.of(this).resolve(resource.environment) as { variables?: object } | undefined;
    return Object.keys(environment?.variables ?? {})
      .filter((name) => /^AWS_|^RUST_LOG$/.test(name))
      .map((name) => `${name} may not be set by a template: the function's runtime sets it.`);
  }
}

export interface TaskScheduleProps {
  readonly task: TaskFunction;
  readonly description: string;
  readonly schedule: ScheduleExpression;
  /** How long Scheduler retries a call that Lambda does not accept. After that it drops the call, because the next one does the same. */
  readonly validFor: Duration;
}

/** Invokes a function on a schedule, without a flexible time window. */
export class TaskSchedule extends Construct {
  constructor(scope: Construct, id: string, props: TaskScheduleProps) {
    super(scope, id);
    const group = Stack.of(this).formatArn({ service: 'scheduler', resource: 'schedule-group', resourceName: 'default', arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
    const role = new Role(this, 'Role', { assumedBy: sameAccountService(this, 'scheduler', group) });
    new Schedule(this, 'Schedule', {
      description: props.description,
      schedule: props.schedule,
      target: new TaskTarget(props.task, { role, maxEventAge: props.validFor }),
    });
  }
}

/** Like the CDK's LambdaInvoke, which would also let the role invoke all versions of the function with a wildcard. */
class TaskTarget extends ScheduleTargetBase {
  private readonly task: TaskFunction;

  constructor(task: TaskFunction, props: ScheduleTargetBaseProps) {
    super(props, task.live.functionArn);
    this.task = task;
  }

  protected override addTargetActionToRole(role: IRole): void {
    this.task.grantInvokeLive(role);
  }
}
