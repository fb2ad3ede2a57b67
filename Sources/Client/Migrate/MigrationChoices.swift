import Model

extension MigrationMethod: OptionValue {}
extension MigrationFreeze: OptionValue {}
extension MigrationConflictPolicy: OptionValue {}
