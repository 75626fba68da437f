# Changes an article in Active Record, rolls one change back, and lets Active Job send the purges.
require "active_record"
require "active_job"
require "net/http"
require "openssl"
require_relative "purge_job"

ActiveJob::Base.logger = nil
ActiveJob::Base.queue_adapter = :async
ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: ":memory:")
ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define { create_table(:articles) }

class Article < ActiveRecord::Base
  # recipe
end

done = Queue.new
ActiveSupport::Notifications.subscribe("perform.active_job") { |event| done << event unless event.payload[:exception_object] }
Article.transaction { Article.create!(id: 7); raise ActiveRecord::Rollback }
Article.create!(id: 42)
done.pop
