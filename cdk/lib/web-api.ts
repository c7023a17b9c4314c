import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { CfnStage, HttpApi, HttpMethod, HttpStage, LogGroupLogDestination, type IAccessLogSettings, type IHttpRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { People } from './people.ts';
import type { Settings } from './settings.ts';
import type { TaskFunction } from './task-function.ts';

export interface WebApiProps {
  readonly settings: Settings;
  readonly people: People;
  readonly task: TaskFunction;
}

/** What the access log says about a call: ids and times, no query, no address and no token. */
const ACCESS_LOG = {
  requestId: '$context.requestId',
  time: '$context.requestTimeEpoch',
  method: '$context.httpMethod',
  path: '$context.path',
  status: '$context.status',
  person: '$context.authorizer.claims.sub',
  milliseconds: '$context.responseLatency',
  functionMilliseconds: '$context.integrationLatency',
  functionError: '$context.integrationErrorMessage',
  authorizerError: '$context.authorizer.error',
};

/** The HTTP API below `/api`: every call needs an access token of the user pool, except the OpenAPI document. */
export class WebApi extends Construct {
  readonly api: HttpApi;
  private readonly task: TaskFunction;

  constructor(scope: Construct, id: string, { settings, task }: WebApiProps) {
    super(scope, id);
    this.task = task;
    this.api = new HttpApi(this, 'Api', { createDefaultStage: false, description: 'sightline: the API of the page' });
    this.stage(settings);
  }

  /** Its host, without the path. */
  get host(): string {
    const { region, urlSuffix } = Stack.of(this);
    return `${this.api.apiId}.execute-api.${region}.${urlSuffix}`;
  }

  /**
   * Adds the routes. The access tokens must be for this client of the user pool.
   *
   * Not in the constructor: the client must know the page's address, and CloudFront, which has it, must know this API.
   */
  addRoutes(people: People, clientId: string): void {
    const integration = new HttpLambdaIntegration('Function', this.task.live, { timeout: Duration.seconds(29) });
    const authorizer: IHttpRouteAuthorizer = new HttpJwtAuthorizer('Tokens', people.issuer, { jwtAudience: [clientId] });
    this.api.addRoutes({ path: '/api/{proxy+}', methods: [HttpMethod.ANY], integration, authorizer });
    const open = this.api.addRoutes({ path: '/api/openapi.json', methods: [HttpMethod.GET], integration });
    for (const route of open) {
      Validations.of(route).acknowledge({ id: 'AwsSolutions-APIG4', reason: 'The OpenAPI document describes the calls; it contains no data and is the same for everybody.' });
    }
  }

  /** Answers with a status of 500 and above. */
  get failures(): Metric {
    return new Metric({ namespace: 'AWS/ApiGateway', metricName: '5xx', dimensionsMap: { ApiId: this.api.apiId }, period: Duration.minutes(5), statistic: Stats.SUM });
  }

  private stage(settings: Settings): void {
    const logGroup = new LogGroup(this, 'AccessLog', { retention: settings.logRetentionDays, removalPolicy: RemovalPolicy.DESTROY });
    const accessLogSettings: IAccessLogSettings = {
      destination: new LogGroupLogDestination(logGroup),
      format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
    };
    const stage = new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      accessLogSettings,
      throttle: { rateLimit: settings.apiRequestsPerSecond, burstLimit: 2 * settings.apiRequestsPerSecond },
    });
    if (!(stage.node.defaultChild instanceof CfnStage)) throw new TypeError('the stage has no CfnStage');
  }
}
