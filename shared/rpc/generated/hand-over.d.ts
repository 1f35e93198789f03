import * as $protobuf from "protobufjs";
export namespace ch {

    namespace handover {

        namespace v1 {

            interface IToSuccessor {
                greeting?: (ch.handover.v1.IGreeting|null);
                descriptors?: (ch.handover.v1.IDescriptors|null);
                takeOver?: (ch.handover.v1.ITakeOver|null);
            }

            class ToSuccessor implements IToSuccessor {
                constructor(properties?: ch.handover.v1.IToSuccessor);
                public greeting?: (ch.handover.v1.IGreeting|null);
                public descriptors?: (ch.handover.v1.IDescriptors|null);
                public takeOver?: (ch.handover.v1.ITakeOver|null);
                public message?: ("greeting"|"descriptors"|"takeOver");
                public static create(properties?: ch.handover.v1.IToSuccessor): ch.handover.v1.ToSuccessor;
                public static encode(message: ch.handover.v1.IToSuccessor, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.ToSuccessor;
            }

            interface IGreeting {
                version?: (number|null);
                kind?: (string|null);
                "arguments"?: (string[]|null);
                directory?: (string|null);
            }

            class Greeting implements IGreeting {
                constructor(properties?: ch.handover.v1.IGreeting);
                public version: number;
                public kind: string;
                public arguments: string[];
                public directory: string;
                public static create(properties?: ch.handover.v1.IGreeting): ch.handover.v1.Greeting;
                public static encode(message: ch.handover.v1.IGreeting, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.Greeting;
            }

            interface IDescriptors {
            }

            class Descriptors implements IDescriptors {
                constructor(properties?: ch.handover.v1.IDescriptors);
                public static create(properties?: ch.handover.v1.IDescriptors): ch.handover.v1.Descriptors;
                public static encode(message: ch.handover.v1.IDescriptors, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.Descriptors;
            }

            interface ITakeOver {
                version?: (number|null);
                session?: (ch.handover.v1.ISession|null);
                device?: (ch.handover.v1.IDeviceState|null);
                listener?: (number|null);
                clientListener?: (number|null);
            }

            class TakeOver implements ITakeOver {
                constructor(properties?: ch.handover.v1.ITakeOver);
                public version: number;
                public session?: (ch.handover.v1.ISession|null);
                public device?: (ch.handover.v1.IDeviceState|null);
                public listener: number;
                public clientListener: number;
                public static create(properties?: ch.handover.v1.ITakeOver): ch.handover.v1.TakeOver;
                public static encode(message: ch.handover.v1.ITakeOver, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.TakeOver;
            }

            interface ISession {
                socket?: (number|null);
                features?: (ch.handover.v1.IBits|null);
                protocolFeatures?: (ch.handover.v1.IBits|null);
                status?: (number|null);
                regions?: (ch.handover.v1.IRegion[]|null);
                rings?: (ch.handover.v1.IRing[]|null);
                inflight?: (ch.handover.v1.IInflightArea|null);
                backendChannel?: (ch.handover.v1.IBackendChannel|null);
                begun?: (Uint8Array|null);
                begunDescriptors?: (number[]|null);
                log?: (ch.handover.v1.IDirtyLog|null);
            }

            class Session implements ISession {
                constructor(properties?: ch.handover.v1.ISession);
                public socket: number;
                public features?: (ch.handover.v1.IBits|null);
                public protocolFeatures?: (ch.handover.v1.IBits|null);
                public status: number;
                public regions: ch.handover.v1.IRegion[];
                public rings: ch.handover.v1.IRing[];
                public inflight?: (ch.handover.v1.IInflightArea|null);
                public backendChannel?: (ch.handover.v1.IBackendChannel|null);
                public begun: Uint8Array;
                public begunDescriptors: number[];
                public log?: (ch.handover.v1.IDirtyLog|null);
                public static create(properties?: ch.handover.v1.ISession): ch.handover.v1.Session;
                public static encode(message: ch.handover.v1.ISession, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.Session;
            }

            interface IBits {
                ones?: (number[]|null);
            }

            class Bits implements IBits {
                constructor(properties?: ch.handover.v1.IBits);
                public ones: number[];
                public static create(properties?: ch.handover.v1.IBits): ch.handover.v1.Bits;
                public static encode(message: ch.handover.v1.IBits, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.Bits;
            }

            interface IRegion {
                guestStart?: (number|null);
                size?: (number|null);
                frontendStart?: (number|null);
                fileOffset?: (number|null);
                file?: (number|null);
            }

            class Region implements IRegion {
                constructor(properties?: ch.handover.v1.IRegion);
                public guestStart: number;
                public size: number;
                public frontendStart: number;
                public fileOffset: number;
                public file: number;
                public static create(properties?: ch.handover.v1.IRegion): ch.handover.v1.Region;
                public static encode(message: ch.handover.v1.IRegion, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.Region;
            }

            interface IRing {
                size?: (number|null);
                addresses?: (ch.handover.v1.IRingAddresses|null);
                base?: (number|null);
                kickArrived?: (boolean|null);
                enabled?: (boolean|null);
                kick?: (number|null);
                call?: (number|null);
                err?: (number|null);
            }

            class Ring implements IRing {
                constructor(properties?: ch.handover.v1.IRing);
                public size: number;
                public addresses?: (ch.handover.v1.IRingAddresses|null);
                public base: number;
                public kickArrived: boolean;
                public enabled: boolean;
                public kick: number;
                public call: number;
                public err: number;
                public static create(properties?: ch.handover.v1.IRing): ch.handover.v1.Ring;
                public static encode(message: ch.handover.v1.IRing, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.Ring;
            }

            interface IRingAddresses {
                flags?: (number|null);
                descriptor?: (number|null);
                available?: (number|null);
                used?: (number|null);
                log?: (number|null);
            }

            class RingAddresses implements IRingAddresses {
                constructor(properties?: ch.handover.v1.IRingAddresses);
                public flags: number;
                public descriptor: number;
                public available: number;
                public used: number;
                public log: number;
                public static create(properties?: ch.handover.v1.IRingAddresses): ch.handover.v1.RingAddresses;
                public static encode(message: ch.handover.v1.IRingAddresses, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.RingAddresses;
            }

            interface IDirtyLog {
                size?: (number|null);
                fileOffset?: (number|null);
                file?: (number|null);
                call?: (number|null);
            }

            class DirtyLog implements IDirtyLog {
                constructor(properties?: ch.handover.v1.IDirtyLog);
                public size: number;
                public fileOffset: number;
                public file: number;
                public call: number;
                public static create(properties?: ch.handover.v1.IDirtyLog): ch.handover.v1.DirtyLog;
                public static encode(message: ch.handover.v1.IDirtyLog, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.DirtyLog;
            }

            interface IInflightArea {
                size?: (number|null);
                fileOffset?: (number|null);
                queueCount?: (number|null);
                queueSize?: (number|null);
                file?: (number|null);
            }

            class InflightArea implements IInflightArea {
                constructor(properties?: ch.handover.v1.IInflightArea);
                public size: number;
                public fileOffset: number;
                public queueCount: number;
                public queueSize: number;
                public file: number;
                public static create(properties?: ch.handover.v1.IInflightArea): ch.handover.v1.InflightArea;
                public static encode(message: ch.handover.v1.IInflightArea, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.InflightArea;
            }

            interface IBackendChannel {
                socket?: (number|null);
                configChanged?: (boolean|null);
            }

            class BackendChannel implements IBackendChannel {
                constructor(properties?: ch.handover.v1.IBackendChannel);
                public socket: number;
                public configChanged: boolean;
                public static create(properties?: ch.handover.v1.IBackendChannel): ch.handover.v1.BackendChannel;
                public static encode(message: ch.handover.v1.IBackendChannel, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.BackendChannel;
            }

            interface IDeviceState {
                size?: (number|null);
                drained?: (boolean|null);
                limits?: (ch.handover.v1.ILimits|null);
                writeThrough?: (boolean|null);
                generation?: (number|null);
                counters?: (ch.handover.v1.ICounters|null);
                imageIdentity?: (string|null);
                limitsFill?: (ch.handover.v1.ILimitsFill|null);
            }

            class DeviceState implements IDeviceState {
                constructor(properties?: ch.handover.v1.IDeviceState);
                public size: number;
                public drained: boolean;
                public limits?: (ch.handover.v1.ILimits|null);
                public writeThrough: boolean;
                public generation: number;
                public counters?: (ch.handover.v1.ICounters|null);
                public imageIdentity: string;
                public limitsFill?: (ch.handover.v1.ILimitsFill|null);
                public static create(properties?: ch.handover.v1.IDeviceState): ch.handover.v1.DeviceState;
                public static encode(message: ch.handover.v1.IDeviceState, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.DeviceState;
            }

            interface ILimitsFill {
                bandwidth?: (ch.handover.v1.IBucketFill|null);
                ops?: (ch.handover.v1.IBucketFill|null);
            }

            class LimitsFill implements ILimitsFill {
                constructor(properties?: ch.handover.v1.ILimitsFill);
                public bandwidth?: (ch.handover.v1.IBucketFill|null);
                public ops?: (ch.handover.v1.IBucketFill|null);
                public static create(properties?: ch.handover.v1.ILimitsFill): ch.handover.v1.LimitsFill;
                public static encode(message: ch.handover.v1.ILimitsFill, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.LimitsFill;
            }

            interface IBucketFill {
                tokens?: (number|null);
                burst?: (number|null);
            }

            class BucketFill implements IBucketFill {
                constructor(properties?: ch.handover.v1.IBucketFill);
                public tokens: number;
                public burst: number;
                public static create(properties?: ch.handover.v1.IBucketFill): ch.handover.v1.BucketFill;
                public static encode(message: ch.handover.v1.IBucketFill, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.BucketFill;
            }

            interface ILimits {
                bandwidth?: (ch.handover.v1.ITokenBucket|null);
                ops?: (ch.handover.v1.ITokenBucket|null);
            }

            class Limits implements ILimits {
                constructor(properties?: ch.handover.v1.ILimits);
                public bandwidth?: (ch.handover.v1.ITokenBucket|null);
                public ops?: (ch.handover.v1.ITokenBucket|null);
                public static create(properties?: ch.handover.v1.ILimits): ch.handover.v1.Limits;
                public static encode(message: ch.handover.v1.ILimits, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.Limits;
            }

            interface ITokenBucket {
                size?: (number|null);
                oneTimeBurst?: (number|null);
                refillMs?: (number|null);
            }

            class TokenBucket implements ITokenBucket {
                constructor(properties?: ch.handover.v1.ITokenBucket);
                public size: number;
                public oneTimeBurst: number;
                public refillMs: number;
                public static create(properties?: ch.handover.v1.ITokenBucket): ch.handover.v1.TokenBucket;
                public static encode(message: ch.handover.v1.ITokenBucket, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.TokenBucket;
            }

            interface ICounters {
                sinceMs?: (number|null);
                ringFaults?: (number|null);
                droppedChains?: (number|null);
                throttledEvents?: (number|null);
                throttledUs?: (number|null);
                operations?: (ch.handover.v1.IOperationCounters[]|null);
            }

            class Counters implements ICounters {
                constructor(properties?: ch.handover.v1.ICounters);
                public sinceMs: number;
                public ringFaults: number;
                public droppedChains: number;
                public throttledEvents: number;
                public throttledUs: number;
                public operations: ch.handover.v1.IOperationCounters[];
                public static create(properties?: ch.handover.v1.ICounters): ch.handover.v1.Counters;
                public static encode(message: ch.handover.v1.ICounters, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.Counters;
            }

            interface IOperationCounters {
                name?: (string|null);
                bytes?: (number|null);
                errors?: (number|null);
                sumUs?: (number|null);
                buckets?: (ch.handover.v1.ILatencyBucket[]|null);
            }

            class OperationCounters implements IOperationCounters {
                constructor(properties?: ch.handover.v1.IOperationCounters);
                public name: string;
                public bytes: number;
                public errors: number;
                public sumUs: number;
                public buckets: ch.handover.v1.ILatencyBucket[];
                public static create(properties?: ch.handover.v1.IOperationCounters): ch.handover.v1.OperationCounters;
                public static encode(message: ch.handover.v1.IOperationCounters, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.OperationCounters;
            }

            interface ILatencyBucket {
                upToUs?: (number|null);
                count?: (number|null);
            }

            class LatencyBucket implements ILatencyBucket {
                constructor(properties?: ch.handover.v1.ILatencyBucket);
                public upToUs: number;
                public count: number;
                public static create(properties?: ch.handover.v1.ILatencyBucket): ch.handover.v1.LatencyBucket;
                public static encode(message: ch.handover.v1.ILatencyBucket, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.LatencyBucket;
            }

            interface IFromSuccessor {
                ready?: (ch.handover.v1.IReady|null);
                refused?: (ch.handover.v1.IRefused|null);
                serving?: (ch.handover.v1.IServing|null);
            }

            class FromSuccessor implements IFromSuccessor {
                constructor(properties?: ch.handover.v1.IFromSuccessor);
                public ready?: (ch.handover.v1.IReady|null);
                public refused?: (ch.handover.v1.IRefused|null);
                public serving?: (ch.handover.v1.IServing|null);
                public message?: ("ready"|"refused"|"serving");
                public static create(properties?: ch.handover.v1.IFromSuccessor): ch.handover.v1.FromSuccessor;
                public static encode(message: ch.handover.v1.IFromSuccessor, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.FromSuccessor;
            }

            interface IReady {
            }

            class Ready implements IReady {
                constructor(properties?: ch.handover.v1.IReady);
                public static create(properties?: ch.handover.v1.IReady): ch.handover.v1.Ready;
                public static encode(message: ch.handover.v1.IReady, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.Ready;
            }

            interface IRefused {
                message?: (string|null);
            }

            class Refused implements IRefused {
                constructor(properties?: ch.handover.v1.IRefused);
                public message: string;
                public static create(properties?: ch.handover.v1.IRefused): ch.handover.v1.Refused;
                public static encode(message: ch.handover.v1.IRefused, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.Refused;
            }

            interface IServing {
                pid?: (number|null);
            }

            class Serving implements IServing {
                constructor(properties?: ch.handover.v1.IServing);
                public pid: number;
                public static create(properties?: ch.handover.v1.IServing): ch.handover.v1.Serving;
                public static encode(message: ch.handover.v1.IServing, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.handover.v1.Serving;
            }
        }
    }
}
