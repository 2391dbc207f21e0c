internal import API
internal import Node
internal import PodoruConfiguration
internal import Terminal

/// Reads a configuration for a command, its errors as the command's failure.
enum ConfigurationLoader {
    static func load(_ path: String) throws(CommandFailure) -> LoadedConfiguration {
        do throws(ConfigurationFailure) {
            return try LoadedConfiguration(file: path)
        } catch {
            throw CommandFailure(error)
        }
    }
}

extension CommandFailure {
    init(_ error: NodeError, _ places: ConfigurationPlaces) {
        let exit: SystemExit =
            switch error.kind {
            case .configuration, .otherGenesis: .configuration
            case .genesis: .badData
            case .file(let kind): SystemExit(kind)
            case .store: .inputOutput
            case .storeFolder: .cannotCreate
            case .storePermission: .permission
            case .address: .unavailable
            case .system: .internalError
            }
        self.init(exit, error, places)
    }

    init(_ error: APIServerError, _ places: ConfigurationPlaces) {
        switch error.kind {
        case .address: self.init(.unavailable, error, places)
        case .adminSocket: self.init(.cannotCreate, error, places)
        }
    }

    private init(_ exit: SystemExit, _ objection: any ConfigurationObjection, _ places: ConfigurationPlaces) {
        if let mistake = places.error(objection) {
            self.init(exit, mistake.description, beginsWithPlace: true)
        } else {
            self.init(exit, "\(objection.reason); \(objection.remedy)")
        }
    }

    init(_ failure: ConfigurationFailure) {
        let exit: SystemExit = if case .unreadable(_, let code, _) = failure { SystemExit(readError: code) } else { .configuration }
        self.init(exit, failure.description, beginsWithPlace: true)
    }
}
