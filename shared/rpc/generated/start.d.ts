import * as $protobuf from "protobufjs";
export namespace ch {

    namespace start {

        namespace v1 {

            interface IToCore {
                createVm?: (ch.start.v1.ICreateVm|null);
                addDevice?: (ch.start.v1.IAddDevice|null);
                run?: (ch.start.v1.IRun|null);
                powerButton?: (ch.start.v1.IPowerButton|null);
                stop?: (ch.start.v1.IStop|null);
                pause?: (ch.start.v1.IPause|null);
                resume?: (ch.start.v1.IResume|null);
                save?: (ch.start.v1.ISave|null);
            }

            class ToCore implements IToCore {
                constructor(properties?: ch.start.v1.IToCore);
                public createVm?: (ch.start.v1.ICreateVm|null);
                public addDevice?: (ch.start.v1.IAddDevice|null);
                public run?: (ch.start.v1.IRun|null);
                public powerButton?: (ch.start.v1.IPowerButton|null);
                public stop?: (ch.start.v1.IStop|null);
                public pause?: (ch.start.v1.IPause|null);
                public resume?: (ch.start.v1.IResume|null);
                public save?: (ch.start.v1.ISave|null);
                public message?: ("createVm"|"addDevice"|"run"|"powerButton"|"stop"|"pause"|"resume"|"save");
                public static create(properties?: ch.start.v1.IToCore): ch.start.v1.ToCore;
                public static encode(message: ch.start.v1.IToCore, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.ToCore;
            }

            interface ICreateVm {
                id?: (string|null);
                bootVcpus?: (number|null);
                maxVcpus?: (number|null);
                memorySize?: (number|null);
                prefault?: (boolean|null);
                hugePageSize?: (number|null);
                cmdline?: (string|null);
                platform?: (ch.start.v1.IPlatform|null);
                noReboot?: (boolean|null);
                logLevel?: (number|null);
                kvm?: (number|null);
                kernel?: (number|null);
                firmware?: (number|null);
                initramfs?: (number|null);
                savedState?: (number|null);
                savedMemory?: (number|null);
            }

            class CreateVm implements ICreateVm {
                constructor(properties?: ch.start.v1.ICreateVm);
                public id: string;
                public bootVcpus: number;
                public maxVcpus: number;
                public memorySize: number;
                public prefault: boolean;
                public hugePageSize: number;
                public cmdline: string;
                public platform?: (ch.start.v1.IPlatform|null);
                public noReboot: boolean;
                public logLevel: number;
                public kvm: number;
                public kernel: number;
                public firmware: number;
                public initramfs: number;
                public savedState: number;
                public savedMemory: number;
                public static create(properties?: ch.start.v1.ICreateVm): ch.start.v1.CreateVm;
                public static encode(message: ch.start.v1.ICreateVm, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.CreateVm;
            }

            interface IPlatform {
                systemManufacturer?: (string|null);
                systemProductName?: (string|null);
                systemVersion?: (string|null);
                systemSerialNumber?: (string|null);
                systemUuid?: (string|null);
                systemSkuNumber?: (string|null);
                systemFamily?: (string|null);
                chassisAssetTag?: (string|null);
                oemStrings?: (string[]|null);
            }

            class Platform implements IPlatform {
                constructor(properties?: ch.start.v1.IPlatform);
                public systemManufacturer: string;
                public systemProductName: string;
                public systemVersion: string;
                public systemSerialNumber: string;
                public systemUuid: string;
                public systemSkuNumber: string;
                public systemFamily: string;
                public chassisAssetTag: string;
                public oemStrings: string[];
                public static create(properties?: ch.start.v1.IPlatform): ch.start.v1.Platform;
                public static encode(message: ch.start.v1.IPlatform, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Platform;
            }

            interface IAddDevice {
                id?: (string|null);
                vhostUser?: (ch.start.v1.IVhostUserDevice|null);
                serial?: (ch.start.v1.ISerial|null);
                console?: (ch.start.v1.IConsole|null);
                rng?: (ch.start.v1.IRng|null);
                pciDeviceId?: (number|null);
            }

            class AddDevice implements IAddDevice {
                constructor(properties?: ch.start.v1.IAddDevice);
                public id: string;
                public vhostUser?: (ch.start.v1.IVhostUserDevice|null);
                public serial?: (ch.start.v1.ISerial|null);
                public console?: (ch.start.v1.IConsole|null);
                public rng?: (ch.start.v1.IRng|null);
                public pciDeviceId: number;
                public device?: ("vhostUser"|"serial"|"console"|"rng");
                public static create(properties?: ch.start.v1.IAddDevice): ch.start.v1.AddDevice;
                public static encode(message: ch.start.v1.IAddDevice, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.AddDevice;
            }

            interface IVhostUserDevice {
                deviceType?: (number|null);
                numQueues?: (number|null);
                queueSize?: (number|null);
                socket?: (number|null);
                recovery?: (ch.start.v1.IRecovery|null);
            }

            class VhostUserDevice implements IVhostUserDevice {
                constructor(properties?: ch.start.v1.IVhostUserDevice);
                public deviceType: number;
                public numQueues: number;
                public queueSize: number;
                public socket: number;
                public recovery?: (ch.start.v1.IRecovery|null);
                public static create(properties?: ch.start.v1.IVhostUserDevice): ch.start.v1.VhostUserDevice;
                public static encode(message: ch.start.v1.IVhostUserDevice, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.VhostUserDevice;
            }

            interface IRecovery {
                deadlineMs?: (number|null);
                afterwards?: (ch.start.v1.Recovery.Afterwards|null);
            }

            class Recovery implements IRecovery {
                constructor(properties?: ch.start.v1.IRecovery);
                public deadlineMs: number;
                public afterwards: ch.start.v1.Recovery.Afterwards;
                public static create(properties?: ch.start.v1.IRecovery): ch.start.v1.Recovery;
                public static encode(message: ch.start.v1.IRecovery, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Recovery;
            }

            namespace Recovery {

                enum Afterwards {
                    AFTERWARDS_UNSPECIFIED = 0,
                    END = 1,
                    STALL = 2,
                    PAUSE = 3,
                    ERROR = 4
                }
            }

            interface IByteChannel {
                input?: (number|null);
                output?: (number|null);
                listener?: (number|null);
                neverStall?: (boolean|null);
            }

            class ByteChannel implements IByteChannel {
                constructor(properties?: ch.start.v1.IByteChannel);
                public input: number;
                public output: number;
                public listener: number;
                public neverStall: boolean;
                public static create(properties?: ch.start.v1.IByteChannel): ch.start.v1.ByteChannel;
                public static encode(message: ch.start.v1.IByteChannel, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.ByteChannel;
            }

            interface ISerial {
                channel?: (ch.start.v1.IByteChannel|null);
            }

            class Serial implements ISerial {
                constructor(properties?: ch.start.v1.ISerial);
                public channel?: (ch.start.v1.IByteChannel|null);
                public static create(properties?: ch.start.v1.ISerial): ch.start.v1.Serial;
                public static encode(message: ch.start.v1.ISerial, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Serial;
            }

            interface IConsole {
                channel?: (ch.start.v1.IByteChannel|null);
                columns?: (number|null);
                rows?: (number|null);
            }

            class Console implements IConsole {
                constructor(properties?: ch.start.v1.IConsole);
                public channel?: (ch.start.v1.IByteChannel|null);
                public columns: number;
                public rows: number;
                public static create(properties?: ch.start.v1.IConsole): ch.start.v1.Console;
                public static encode(message: ch.start.v1.IConsole, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Console;
            }

            interface IRng {
                source?: (number|null);
            }

            class Rng implements IRng {
                constructor(properties?: ch.start.v1.IRng);
                public source: number;
                public static create(properties?: ch.start.v1.IRng): ch.start.v1.Rng;
                public static encode(message: ch.start.v1.IRng, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Rng;
            }

            interface IRun {
                paused?: (boolean|null);
            }

            class Run implements IRun {
                constructor(properties?: ch.start.v1.IRun);
                public paused: boolean;
                public static create(properties?: ch.start.v1.IRun): ch.start.v1.Run;
                public static encode(message: ch.start.v1.IRun, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Run;
            }

            interface IPowerButton {
            }

            class PowerButton implements IPowerButton {
                constructor(properties?: ch.start.v1.IPowerButton);
                public static create(properties?: ch.start.v1.IPowerButton): ch.start.v1.PowerButton;
                public static encode(message: ch.start.v1.IPowerButton, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.PowerButton;
            }

            interface IStop {
            }

            class Stop implements IStop {
                constructor(properties?: ch.start.v1.IStop);
                public static create(properties?: ch.start.v1.IStop): ch.start.v1.Stop;
                public static encode(message: ch.start.v1.IStop, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Stop;
            }

            interface IPause {
            }

            class Pause implements IPause {
                constructor(properties?: ch.start.v1.IPause);
                public static create(properties?: ch.start.v1.IPause): ch.start.v1.Pause;
                public static encode(message: ch.start.v1.IPause, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Pause;
            }

            interface IResume {
            }

            class Resume implements IResume {
                constructor(properties?: ch.start.v1.IResume);
                public static create(properties?: ch.start.v1.IResume): ch.start.v1.Resume;
                public static encode(message: ch.start.v1.IResume, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Resume;
            }

            interface ISave {
                state?: (number|null);
                memory?: (number|null);
            }

            class Save implements ISave {
                constructor(properties?: ch.start.v1.ISave);
                public state: number;
                public memory: number;
                public static create(properties?: ch.start.v1.ISave): ch.start.v1.Save;
                public static encode(message: ch.start.v1.ISave, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Save;
            }

            interface IFromCore {
                started?: (ch.start.v1.IStarted|null);
                event?: (ch.start.v1.IEvent|null);
                ended?: (ch.start.v1.IEnded|null);
                failed?: (ch.start.v1.IFailed|null);
                done?: (ch.start.v1.IDone|null);
                log?: (ch.start.v1.ILog|null);
            }

            class FromCore implements IFromCore {
                constructor(properties?: ch.start.v1.IFromCore);
                public started?: (ch.start.v1.IStarted|null);
                public event?: (ch.start.v1.IEvent|null);
                public ended?: (ch.start.v1.IEnded|null);
                public failed?: (ch.start.v1.IFailed|null);
                public done?: (ch.start.v1.IDone|null);
                public log?: (ch.start.v1.ILog|null);
                public message?: ("started"|"event"|"ended"|"failed"|"done"|"log");
                public static create(properties?: ch.start.v1.IFromCore): ch.start.v1.FromCore;
                public static encode(message: ch.start.v1.IFromCore, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.FromCore;
            }

            interface IStarted {
                phases?: (ch.start.v1.IPhase[]|null);
            }

            class Started implements IStarted {
                constructor(properties?: ch.start.v1.IStarted);
                public phases: ch.start.v1.IPhase[];
                public static create(properties?: ch.start.v1.IStarted): ch.start.v1.Started;
                public static encode(message: ch.start.v1.IStarted, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Started;
            }

            interface IPhase {
                name?: (string|null);
                atUs?: (number|null);
            }

            class Phase implements IPhase {
                constructor(properties?: ch.start.v1.IPhase);
                public name: string;
                public atUs: number;
                public static create(properties?: ch.start.v1.IPhase): ch.start.v1.Phase;
                public static encode(message: ch.start.v1.IPhase, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Phase;
            }

            interface IEvent {
                kind?: (ch.start.v1.Event.Kind|null);
                deviceId?: (string|null);
                detail?: (string|null);
            }

            class Event implements IEvent {
                constructor(properties?: ch.start.v1.IEvent);
                public kind: ch.start.v1.Event.Kind;
                public deviceId: string;
                public detail: string;
                public static create(properties?: ch.start.v1.IEvent): ch.start.v1.Event;
                public static encode(message: ch.start.v1.IEvent, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Event;
            }

            namespace Event {

                enum Kind {
                    KIND_UNSPECIFIED = 0,
                    RESET = 1,
                    DEVICE_LOST = 2,
                    DEVICE_NEEDS_RESET = 3,
                    DEVICE_RECONNECTING = 4,
                    DEVICE_BACK = 5,
                    DEVICE_OVERDUE = 6
                }
            }

            interface IEnded {
                reason?: (ch.start.v1.Ended.Reason|null);
                message?: (string|null);
            }

            class Ended implements IEnded {
                constructor(properties?: ch.start.v1.IEnded);
                public reason: ch.start.v1.Ended.Reason;
                public message: string;
                public static create(properties?: ch.start.v1.IEnded): ch.start.v1.Ended;
                public static encode(message: ch.start.v1.IEnded, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Ended;
            }

            namespace Ended {

                enum Reason {
                    REASON_UNSPECIFIED = 0,
                    POWERED_OFF = 1,
                    STOPPED = 2,
                    GUEST_FAULT = 3,
                    DEVICE_LOST = 4
                }
            }

            interface IFailed {
                message?: (string|null);
                imageLocked?: (boolean|null);
                lockedFile?: (ch.start.v1.ILockedFile|null);
            }

            class Failed implements IFailed {
                constructor(properties?: ch.start.v1.IFailed);
                public message: string;
                public imageLocked: boolean;
                public lockedFile?: (ch.start.v1.ILockedFile|null);
                public static create(properties?: ch.start.v1.IFailed): ch.start.v1.Failed;
                public static encode(message: ch.start.v1.IFailed, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Failed;
            }

            interface ILockedFile {
                path?: (string|null);
                what?: (string|null);
            }

            class LockedFile implements ILockedFile {
                constructor(properties?: ch.start.v1.ILockedFile);
                public path: string;
                public what: string;
                public static create(properties?: ch.start.v1.ILockedFile): ch.start.v1.LockedFile;
                public static encode(message: ch.start.v1.ILockedFile, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.LockedFile;
            }

            interface IDone {
            }

            class Done implements IDone {
                constructor(properties?: ch.start.v1.IDone);
                public static create(properties?: ch.start.v1.IDone): ch.start.v1.Done;
                public static encode(message: ch.start.v1.IDone, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Done;
            }

            interface ILog {
                level?: (number|null);
                message?: (string|null);
            }

            class Log implements ILog {
                constructor(properties?: ch.start.v1.ILog);
                public level: number;
                public message: string;
                public static create(properties?: ch.start.v1.ILog): ch.start.v1.Log;
                public static encode(message: ch.start.v1.ILog, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Log;
            }

            interface IToDevice {
                startBlock?: (ch.start.v1.IStartBlock|null);
                stop?: (ch.start.v1.IStop|null);
                connect?: (ch.start.v1.IConnect|null);
                handOver?: (ch.start.v1.IHandOver|null);
                upgradeFailed?: (ch.start.v1.IFailed|null);
                limits?: (ch.start.v1.IRateLimits|null);
            }

            class ToDevice implements IToDevice {
                constructor(properties?: ch.start.v1.IToDevice);
                public startBlock?: (ch.start.v1.IStartBlock|null);
                public stop?: (ch.start.v1.IStop|null);
                public connect?: (ch.start.v1.IConnect|null);
                public handOver?: (ch.start.v1.IHandOver|null);
                public upgradeFailed?: (ch.start.v1.IFailed|null);
                public limits?: (ch.start.v1.IRateLimits|null);
                public message?: ("startBlock"|"stop"|"connect"|"handOver"|"upgradeFailed"|"limits");
                public static create(properties?: ch.start.v1.IToDevice): ch.start.v1.ToDevice;
                public static encode(message: ch.start.v1.IToDevice, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.ToDevice;
            }

            interface IStartBlock {
                id?: (string|null);
                serial?: (string|null);
                readOnly?: (boolean|null);
                direct?: (boolean|null);
                numQueues?: (number|null);
                queueSize?: (number|null);
                path?: (string|null);
                logLevel?: (number|null);
                image?: (number|null);
                socket?: (number|null);
                lockWaitMs?: (number|null);
                limits?: (ch.start.v1.IRateLimits|null);
                rateLimitGroup?: (ch.start.v1.IRateLimitGroup|null);
                fence?: (number|null);
                imageType?: (string|null);
                backingFiles?: (boolean|null);
                sparse?: (boolean|null);
                queueAffinity?: (ch.start.v1.IQueueAffinity[]|null);
                lockGranularity?: (string|null);
                writeCache?: (ch.start.v1.WriteCache|null);
                drained?: (boolean|null);
                handOver?: (number|null);
                workingFolder?: (string|null);
                deviceSize?: (number|null);
            }

            class StartBlock implements IStartBlock {
                constructor(properties?: ch.start.v1.IStartBlock);
                public id: string;
                public serial: string;
                public readOnly: boolean;
                public direct: boolean;
                public numQueues: number;
                public queueSize: number;
                public path: string;
                public logLevel: number;
                public image: number;
                public socket: number;
                public lockWaitMs: number;
                public limits?: (ch.start.v1.IRateLimits|null);
                public rateLimitGroup?: (ch.start.v1.IRateLimitGroup|null);
                public fence: number;
                public imageType: string;
                public backingFiles: boolean;
                public sparse: boolean;
                public queueAffinity: ch.start.v1.IQueueAffinity[];
                public lockGranularity: string;
                public writeCache: ch.start.v1.WriteCache;
                public drained: boolean;
                public handOver: number;
                public workingFolder: string;
                public deviceSize: number;
                public static create(properties?: ch.start.v1.IStartBlock): ch.start.v1.StartBlock;
                public static encode(message: ch.start.v1.IStartBlock, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.StartBlock;
            }

            interface IQueueAffinity {
                queueIndex?: (number|null);
                hostCpus?: (number[]|null);
            }

            class QueueAffinity implements IQueueAffinity {
                constructor(properties?: ch.start.v1.IQueueAffinity);
                public queueIndex: number;
                public hostCpus: number[];
                public static create(properties?: ch.start.v1.IQueueAffinity): ch.start.v1.QueueAffinity;
                public static encode(message: ch.start.v1.IQueueAffinity, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.QueueAffinity;
            }

            enum WriteCache {
                WRITE_CACHE_UNSPECIFIED = 0,
                BACK = 1,
                THROUGH = 2
            }

            interface IRateLimitGroup {
                id?: (string|null);
                state?: (number|null);
            }

            class RateLimitGroup implements IRateLimitGroup {
                constructor(properties?: ch.start.v1.IRateLimitGroup);
                public id: string;
                public state: number;
                public static create(properties?: ch.start.v1.IRateLimitGroup): ch.start.v1.RateLimitGroup;
                public static encode(message: ch.start.v1.IRateLimitGroup, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.RateLimitGroup;
            }

            interface IRateLimits {
                bandwidth?: (ch.start.v1.ITokenBucket|null);
                ops?: (ch.start.v1.ITokenBucket|null);
            }

            class RateLimits implements IRateLimits {
                constructor(properties?: ch.start.v1.IRateLimits);
                public bandwidth?: (ch.start.v1.ITokenBucket|null);
                public ops?: (ch.start.v1.ITokenBucket|null);
                public static create(properties?: ch.start.v1.IRateLimits): ch.start.v1.RateLimits;
                public static encode(message: ch.start.v1.IRateLimits, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.RateLimits;
            }

            interface ITokenBucket {
                size?: (number|null);
                oneTimeBurst?: (number|null);
                refillMs?: (number|null);
            }

            class TokenBucket implements ITokenBucket {
                constructor(properties?: ch.start.v1.ITokenBucket);
                public size: number;
                public oneTimeBurst: number;
                public refillMs: number;
                public static create(properties?: ch.start.v1.ITokenBucket): ch.start.v1.TokenBucket;
                public static encode(message: ch.start.v1.ITokenBucket, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.TokenBucket;
            }

            interface IConnect {
                socket?: (number|null);
            }

            class Connect implements IConnect {
                constructor(properties?: ch.start.v1.IConnect);
                public socket: number;
                public static create(properties?: ch.start.v1.IConnect): ch.start.v1.Connect;
                public static encode(message: ch.start.v1.IConnect, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Connect;
            }

            interface IHandOver {
                socket?: (number|null);
            }

            class HandOver implements IHandOver {
                constructor(properties?: ch.start.v1.IHandOver);
                public socket: number;
                public static create(properties?: ch.start.v1.IHandOver): ch.start.v1.HandOver;
                public static encode(message: ch.start.v1.IHandOver, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.HandOver;
            }

            interface IFromDevice {
                started?: (ch.start.v1.IStarted|null);
                failed?: (ch.start.v1.IFailed|null);
                log?: (ch.start.v1.ILog|null);
                limitsChanged?: (ch.start.v1.IRateLimits|null);
                writeCacheChanged?: (ch.start.v1.WriteCache|null);
                drainedChanged?: (ch.start.v1.IDrained|null);
                upgradeRequested?: (ch.start.v1.IUpgradeRequested|null);
                deviceSizeChanged?: (ch.start.v1.IDeviceSize|null);
            }

            class FromDevice implements IFromDevice {
                constructor(properties?: ch.start.v1.IFromDevice);
                public started?: (ch.start.v1.IStarted|null);
                public failed?: (ch.start.v1.IFailed|null);
                public log?: (ch.start.v1.ILog|null);
                public limitsChanged?: (ch.start.v1.IRateLimits|null);
                public writeCacheChanged?: (ch.start.v1.WriteCache|null);
                public drainedChanged?: (ch.start.v1.IDrained|null);
                public upgradeRequested?: (ch.start.v1.IUpgradeRequested|null);
                public deviceSizeChanged?: (ch.start.v1.IDeviceSize|null);
                public message?: ("started"|"failed"|"log"|"limitsChanged"|"writeCacheChanged"|"drainedChanged"|"upgradeRequested"|"deviceSizeChanged");
                public static create(properties?: ch.start.v1.IFromDevice): ch.start.v1.FromDevice;
                public static encode(message: ch.start.v1.IFromDevice, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.FromDevice;
            }

            interface IDeviceSize {
                size?: (number|null);
            }

            class DeviceSize implements IDeviceSize {
                constructor(properties?: ch.start.v1.IDeviceSize);
                public size: number;
                public static create(properties?: ch.start.v1.IDeviceSize): ch.start.v1.DeviceSize;
                public static encode(message: ch.start.v1.IDeviceSize, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.DeviceSize;
            }

            interface IDrained {
                drained?: (boolean|null);
            }

            class Drained implements IDrained {
                constructor(properties?: ch.start.v1.IDrained);
                public drained: boolean;
                public static create(properties?: ch.start.v1.IDrained): ch.start.v1.Drained;
                public static encode(message: ch.start.v1.IDrained, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.Drained;
            }

            interface IUpgradeRequested {
                program?: (string|null);
            }

            class UpgradeRequested implements IUpgradeRequested {
                constructor(properties?: ch.start.v1.IUpgradeRequested);
                public program: string;
                public static create(properties?: ch.start.v1.IUpgradeRequested): ch.start.v1.UpgradeRequested;
                public static encode(message: ch.start.v1.IUpgradeRequested, writer?: $protobuf.Writer): $protobuf.Writer;
                public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ch.start.v1.UpgradeRequested;
            }
        }
    }
}
