import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Grant, Role, ServicePrincipal, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Alias, CfnFunction, Code, Function as LambdaFunction, LoggingFormat, Runtime, Tracing, type Version } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge.ts';
import { artefactOf, type Artefacts } from './environment.ts';
import type { FunctionName } from './function-names.ts';
import { variablesOf } from './function-variables.ts';
import type { Settings } from './settings.ts';

/** The alias of what is released, of functions and of the state machine. */
export const LIVE = 'live';

/** What all functions of one deployment are made from. */
export interface Workshop {
  readonly artefacts: Artefacts;
  readonly settings: Settings;
  /** The app's name: a dimension of its metrics. */
  readonly deployment: string;
  /** Tells a release from one with the same content that was rolled back. @default none */
  readonly releaseId: string | undefined;
}

export interface TaskFunctionProps {
  readonly workshop: Workshop;
  /** Which of the functions it is: names the zip and the settings that it gets. */
  readonly name: FunctionName;
  readonly description: string;
  /** In MB, where the settings do not say otherwise. @default 128 */
  readonly memoryMb?: number;
  /** @default 60 seconds */
  readonly timeout?: Duration;
  /** Where events go that an asynchronous call could not get through. @default none: the function is called synchronously */
  readonly deadLetterQueue?: IQueue;
}

/**
 * A function in Rust, from a zip built beforehand, with a role of its own that may write its log and its traces; all else is
 * granted by what it uses. Endpoints are never set here: a template that can redirect calls to AWS could do so in production.
 */
export class TaskFunction extends Construct implements IGrantable {
  readonly fn: LambdaFunction;
  readonly logGroup: LogGroup;
  /** This release of it, for a state machine: an execution ends with the code that it began with. It stays when the next one comes. */
  readonly version: Version;
  /** What is released, for all else that calls it. */
  readonly live: Alias;
  readonly grantPrincipal: Role;

  constructor(scope: Construct, id: string, props: TaskFunctionProps) {
    super(scope, id);
    const { artefacts, deployment, releaseId, settings } = props.workshop;
    this.logGroup = new LogGroup(this, 'Logs', { retention: settings.logRetentionDays, removalPolicy: RemovalPolicy.DESTROY });
    this.grantPrincipal = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.logGroup.grantWrite(this);
    this.fn = new LambdaFunction(this, 'Function', {
      architecture: artefacts.architecture,
      code: Code.fromAsset(artefactOf(artefacts, props.name)),
      // Lambda publishes no second version of the same code and configuration; the description is part of the configuration.
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
    acknowledgeWildcard(this, '*', 'X-Ray has no resources to name in PutTraceSegments and PutTelemetryRecords; the tests list all that a role may do on "*".');
  }

  /** Lets a caller invoke what is released of this function. */
  grantInvokeLive(grantee: IGrantable): void {
    // Alias.grantInvoke would add a wildcard.
    Grant.addToPrincipal({ grantee, actions: ['lambda:InvokeFunction'], resourceArns: [this.live.functionArn] });
  }

  /** Lets a state machine invoke every release of this function: executions of an earlier one are still at work, or will be redriven. */
  grantInvokeVersions(role: Role): void {
    Grant.addToPrincipal({ grantee: role, actions: ['lambda:InvokeFunction'], resourceArns: [`${this.fn.functionArn}:*`] });
    const { node } = this.fn;
    if (!(node.defaultChild instanceof CfnFunction)) throw new TypeError('a function without its resource');
    const logicalId = Stack.of(this).getLogicalId(node.defaultChild);
    acknowledgeWildcard(role, `<${logicalId}.Arn>:*`, 'The wildcard stands for the versions of one function: executions of earlier releases go on with theirs.');
  }

  /** Looks at what is synthesised, so that no way of setting a variable goes round it. */
  private reservedVariables(): string[] {
    const resource = this.fn.node.defaultChild;
    if (!(resource instanceof CfnFunction)) return [];
    const environment = Stack.of(this).resolve(resource.environment) as { variables?: object } | undefined;
    return Object.keys(environment?.variables ?? {})
      .filter((name) => /^AWS_|^RUST_LOG$/.test(name))
      .map((name) => `${name} may not be set by a template: it belongs to the function's runtime.`);
  }
}
